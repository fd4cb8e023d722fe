"""What runs before somebody speaks: versions, replicas, incidents; asking for others, as somebody who may."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import select

from bench.conversations.department import TENANT
from bench.conversations.kinds import services_in
from bench.conversations.setting import CannotStand
from bench.conversations.talk import Talk
from governance.tables import ApprovalRow
from integrations.deployments import Stage, Target

VERSION = re.compile(r"\b\d+\.\d+(?:\.\d+)?\b")
_REPLICAS = re.compile(
    r"\bfrom (?P<before>\d+) to (?P<after>\d+)\b|\b(?:on|has) (?P<now>\d+) (?:pods|replicas)\b"
)
_WORDS = re.compile(r"\b(?:wrote|said|asked)\b")


def stage_in(text: str) -> Stage:
    """Where a text says that something runs or is to run; production where it says nothing."""
    said = text.casefold()
    return Stage.STAGING if "staging" in said and "production" not in said else Stage.PRODUCTION


def runs(talk: Talk, text: str, services: Sequence[str]) -> bool:
    """Let what `text` says run: each service with its versions, the last that it ran before first. False where
    it says nothing of the kind."""
    named = sorted(services_in(text, services), key=lambda one: _place(text, one))
    found = _REPLICAS.search(text)
    if named and found is not None:
        # What was done by words that are said again is not done yet.
        replicas = int(found["now"] or found["before" if _WORDS.search(text) else "after"])
        for service in named:
            talk.held.platform.runs(Target(service, Stage.PRODUCTION), "1.8.2", replicas)
        return True
    versions = False
    for service, until in zip(named, [*named[1:], None], strict=False):
        part = text[_place(text, service) : None if until is None else _place(text, until)]
        for version in reversed(VERSION.findall(part)):
            talk.held.platform.runs(Target(service, stage_in(text)), version, 4)
            versions = True
    return versions


def _place(text: str, service: str) -> int:
    return re.sub(r"[\s_]", "-", text.casefold()).find(service)


async def incident(talk: Talk, service: str) -> None:
    """An incident is open on a service."""
    await asked(talk, "nathan", f"incident declare an incident, {service} is down")


async def deploys(talk: Talk, service: str, version: str, stage: Stage, by: str) -> str | None:
    """Somebody asks for a version; the approval that it waits for, if it does."""
    return await asked(talk, by, f"deploy deploy {service} {version} to {stage}")


async def goes_back(talk: Talk, service: str, by: str) -> str | None:
    """Somebody asks for the version before."""
    return await asked(talk, by, f"rollback roll back {service}")


async def has_replicas(talk: Talk, service: str, text: str, by: str) -> str | None:
    """Somebody asks for as many replicas as a text says: `gets 3 more`, `goes back to 6`, `6 pods`."""
    more = re.search(r"\b(\d+) more\b", text)
    number = re.search(r"\b(?:to )?(\d+)\b", text)
    if more is None and number is None:
        raise CannotStand("how many replicas?")
    wish = f"give {service} {more[1]} more pods" if more else f"scale {service} to {number and number[1]} pods"
    return await asked(talk, by, f"scale {wish}")


async def asked(talk: Talk, by: str, wish: str) -> str | None:
    """Press the button that asks for `wish`; the approval that came of it. Raises CannotStand where nothing
    did."""
    heard = await talk.press(by, "ask", wish)
    if not heard.changes:
        raise CannotStand(f"{wish}: {heard.text[:120]}")
    return await newest_approval(talk) if any(one.table == "approvals" for one in heard.changes) else None


async def newest_approval(talk: Talk) -> str:
    """The approval that was asked for last."""
    query = select(ApprovalRow.id).order_by(ApprovalRow.number.desc()).limit(1)
    async with talk.held.database.transaction(TENANT) as tx:
        return (await tx.execute(query)).scalar_one()
