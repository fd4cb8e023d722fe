"""Changes of OpenAPI documents that break callers, and where callers' code names what is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from agents.delivery_causes.evidence import ApiBreak, ApiDocument
from agents.engineering.verdict.openapi import differences
from agents.engineering.verdict.schemas import Difference
from integrations.code_host import CodeHost, CommitQuery, SearchQuery
from integrations.code_host.refusals import NoSuchPath
from integrations.services import Service

LATELY = timedelta(days=30)
"""How long after it came in a breaking change is looked for."""
_MOST_TOLD, _MOST_CALLS, _LARGEST = 4, 4, 1_000_000


async def api_breaks(
    host: CodeHost, documented: Mapping[str, ApiDocument], services: Sequence[Service], now: datetime
) -> tuple[ApiBreak, ...]:
    """The last change of each document, where it was made lately and breaks those who call."""
    found = []
    for service, document in sorted(documented.items()):
        one = await _last_change(host, service, document, services, now)
        if one is not None:
            found.append(await _with_calls(host, one, documented))
    return tuple(found)


async def _last_change(
    host: CodeHost, service: str, document: ApiDocument, services: Sequence[Service], now: datetime
) -> ApiBreak | None:
    query = CommitQuery(document.repository, document.sha, path=document.path, limit=1)
    commits = (await host.commits(query)).items
    if not commits or not commits[0].parents or now - commits[0].committer.at > LATELY:
        return None
    last = commits[0]
    try:
        before = await host.file(document.repository, last.parents[0], document.path)
    except NoSuchPath:
        return None  # it was not there before, so that nobody called by it
    after = await host.file(document.repository, last.sha, document.path)
    broken = await asyncio.to_thread(broken_by, before.text, after.text)
    if not broken:
        return None
    return ApiBreak(
        service,
        document.repository,
        last.sha[:12],
        last.parents[0][:12],
        last.committer.at.astimezone(UTC),
        tuple(f"{document.path}: {one.at} {one.why}" for one in broken[:_MOST_TOLD]),
        tuple(sorted(one.id for one in services if service in one.depends_on)),
        tuple(one.at.partition(" ")[0] for one in broken if one.what in ("path removed", "operation removed")),
    )


async def _with_calls(host: CodeHost, one: ApiBreak, documented: Mapping[str, ApiDocument]) -> ApiBreak:
    """With where callers' code names the paths that are gone, instead of the paths."""
    calls: list[str] = []
    for caller in one.callers:
        code = documented.get(caller)
        for path in one.calls[:2]:
            text = path.partition("{")[0].rstrip("/")
            if code is None or len(text) < 3 or len(calls) >= _MOST_CALLS:
                continue
            matches = (await host.search(SearchQuery(code.repository, code.sha, text, limit=5))).items
            calls += [f"{caller}: {hit.path}:{hit.line}" for hit in matches if hit.path != code.path][:1]
    return ApiBreak(
        one.service, one.where, one.version, one.before, one.since, one.says, one.callers, tuple(calls)
    )


def broken_by(before: str | None, after: str | None) -> tuple[Difference, ...]:
    """What one text of an OpenAPI document breaks of another; nothing where one of them cannot be read."""
    old, new = _read(before), _read(after)
    if old is None or new is None:
        return ()
    return tuple(differences(old, new))


def _read(text: str | None) -> Mapping[str, Any] | None:
    if text is None or len(text) > _LARGEST:
        return None
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    return read if isinstance(read, dict) and isinstance(read.get("paths"), dict) else None
