"""What the department's own rows tell: approvals that wait, incidents, releases, agents that need a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.delivery_causes.evidence import Decision, Lag, OpenIncident, Stopped
from agents.engineering.tables import StoryReleaseRow, StoryWorkRow
from agents.operations.incident_rows import open_incidents
from agents.work.tables import ENDED, RunRow
from governance.approvals.store import open_approvals, reach
from governance.tables import EffectRow
from integrations.deployments import Change

_BEFORE = timedelta(hours=24)
"""How long before an incident a change may have been made to be told of with it."""
_MOST = 200


async def agents_pulls(tx: AsyncSession) -> Mapping[tuple[str, int], str]:
    """The stories of agents' newest pull requests, by repository and number."""
    row = StoryWorkRow
    query = select(row.repository, row.pull_request, row.story).where(row.pull_request.is_not(None))
    newest = query.where(row.merged.is_(None)).order_by(row.created.desc()).limit(_MOST)
    found = await tx.execute(newest)
    return {(repository, number or 0): story for repository, number, story in found}


async def decisions_seen(
    tx: AsyncSession, now: datetime, stories: Collection[str], services: Collection[str]
) -> tuple[Decision, ...]:
    """Approvals that wait for votes and are about these stories or services."""
    waiting = (await open_approvals(tx))[:_MOST]
    if not waiting:
        return ()
    rows = select(EffectRow).where(EffectRow.approval.in_([row.id for row, _ in waiting]))
    about: defaultdict[str, list[EffectRow]] = defaultdict(list)
    for effect in (await tx.execute(rows)).scalars():
        about[effect.approval or ""].append(effect)
    reached = await reach(tx, now)
    found = []
    for row, state in waiting:
        named = {id for effect in about[row.id] for id in _stories_in(effect.body)} & set(stories)
        service = next((one.service for one in about[row.id] if one.service in services), None)
        if named or service:
            roles = {role for slot in state.terms.slots for role in slot.roles}
            voters = sorted({person for role in roles for person in reached.holders.get(role, ())})
            found.append(
                Decision(
                    row.id,
                    row.title,
                    row.opened,
                    tuple(voters),
                    frozenset(reached.absent) & frozenset(voters),
                    frozenset(named),
                    service,
                )
            )
    return tuple(found)


def _stories_in(body: Any) -> Iterator[str]:
    """The ids under `story` and in `stories` of an action's body."""
    if isinstance(body, Mapping):
        for key, value in body.items():
            if key == "story" and isinstance(value, str):
                yield value
            elif isinstance(value, Mapping | list):
                yield from _stories_in(value)
    elif isinstance(body, list):
        for one in body:
            yield from _stories_in(one)


async def incidents_seen(
    tx: AsyncSession, services: Collection[str], changes: Mapping[tuple[str, str], Collection[Change]]
) -> tuple[OpenIncident, ...]:
    """Incidents of these services that are not over, with what was changed there shortly before."""
    found = []
    for row in await open_incidents(tx):
        if row.service not in services:
            continue
        near = [
            one
            for one in changes.get((row.service, row.stage), ())
            if one.replaces and row.started - _BEFORE <= one.at <= row.started
        ]
        last = max(near, key=lambda one: one.at, default=None)
        says = ""
        if last is not None:
            minutes = round((row.started - last.at).total_seconds() / 60)
            says = f"it began {minutes} minutes after {row.service} {last.version} was {last.kind} there"
        found.append(
            OpenIncident(
                row.id,
                row.service,
                row.stage,
                row.title,
                row.severity,
                row.started,
                row.commander,
                says,
                last.version if last else None,
                last.before if last else None,
            )
        )
    return tuple(found)


async def lags_seen(tx: AsyncSession, done: Collection[str], production: Mapping[str, str]) -> tuple[Lag, ...]:
    """Versions of done stories that are in staging and not in production."""
    query = (
        select(StoryReleaseRow, StoryWorkRow.story)
        .join(
            StoryWorkRow,
            (StoryWorkRow.tenant == StoryReleaseRow.tenant) & (StoryWorkRow.run == StoryReleaseRow.run),
        )
        .where(
            StoryWorkRow.story.in_(done),
            StoryReleaseRow.staged.is_not(None),
            StoryReleaseRow.produced.is_(None),
            StoryReleaseRow.service.is_not(None),
        )
        .order_by(StoryReleaseRow.staged)
        .limit(_MOST)
    )
    by_service: defaultdict[str, list[tuple[StoryReleaseRow, str]]] = defaultdict(list)
    for row, story in await tx.execute(query):
        by_service[row.service or ""].append((row, story))
    return tuple(
        Lag(
            service,
            rows[-1][0].version or "",
            production.get(service, "nothing"),
            rows[0][0].staged or rows[0][0].created,
            tuple(story for _, story in rows),
        )
        for service, rows in sorted(by_service.items())
    )


async def stopped_seen(tx: AsyncSession, stories: Collection[str]) -> tuple[Stopped, ...]:
    """Agents' work on these stories that goes on by a person alone."""
    query = (
        select(StoryWorkRow)
        .join(RunRow, (RunRow.tenant == StoryWorkRow.tenant) & (RunRow.id == StoryWorkRow.run))
        .where(
            StoryWorkRow.story.in_(stories),
            StoryWorkRow.blocked.is_not(None),
            StoryWorkRow.merged.is_(None),
            RunRow.state.not_in(ENDED),
        )
        .order_by(StoryWorkRow.story, StoryWorkRow.created)
        .limit(_MOST)
    )
    rows = (await tx.execute(query)).scalars()
    found = {
        row.story: Stopped(row.story, row.blocked or "", row.opens or row.created, row.answers) for row in rows
    }
    return tuple(found.values())
