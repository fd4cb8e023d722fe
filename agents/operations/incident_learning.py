"""What former incidents teach: which were alike, what was done about them, and how often that helped.

Told from their timelines alone, and no more than they say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.incident_tables import IncidentEventRow, IncidentRow
from agents.operations.response.learned import tallies_of

_TOLD = ("remedy", "healthy", "no effect", "update")
_MOST_ALIKE = 20


@dataclass(frozen=True, slots=True)
class Tried:
    """A remedy: what it was in words, its kind (an action's type), and whether it helped; None where nobody
    looked any more."""

    what: str
    kind: str
    helped: bool | None


@dataclass(frozen=True, slots=True)
class Alike:
    """A former incident, why it is like this one, and what was tried; `said` is the last update of a person."""

    id: str
    service: str
    started: datetime
    same_cause: bool
    tried: tuple[Tried, ...]
    said: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """How often a kind of remedy was looked at afterwards, and how often it had helped."""

    kind: str
    helped: int
    tried: int


def tried_in(events: Iterable[IncidentEventRow]) -> tuple[Tried, ...]:
    """What was tried in one incident, by its events in order: a remedy helped if the next look was healthy."""
    found: list[Tried] = []
    waiting: Mapping[str, Any] | None = None
    for event in events:
        if event.kind == "remedy":
            if waiting is not None:
                found.append(_tried(waiting, None))
            waiting = event.detail
        elif waiting is not None and event.kind in ("healthy", "no effect"):
            found.append(_tried(waiting, event.kind == "healthy"))
            waiting = None
    return (*found, *([] if waiting is None else [_tried(waiting, None)]))


def _tried(detail: Mapping[str, Any], helped: bool | None) -> Tried:
    return Tried(str(detail["what"]), str(detail["type"]), helped)


async def alike_to(tx: AsyncSession, incident: IncidentRow, limit: int) -> tuple[Alike, ...]:
    """Incidents before this one that are like it: see `alike`."""
    causes = (await _causes(tx, [incident.id])).get(incident.id, set())
    return await alike(tx, incident.service, incident.stage, causes, limit, before=incident.number)


async def alike(
    tx: AsyncSession,
    service: str,
    stage: str,
    causes: Collection[str],
    limit: int,
    *,
    before: int | None = None,
) -> tuple[Alike, ...]:
    """Incidents (up to the number `before`) of the same service, or with the same computed cause (services):
    those with the same cause first, then the newest."""
    of_cause = select(IncidentEventRow.incident).where(
        IncidentEventRow.kind == "cause", IncidentEventRow.detail["service"].astext.in_({service, *causes})
    )
    query = select(IncidentRow).where(
        IncidentRow.stage == stage, or_(IncidentRow.service == service, IncidentRow.id.in_(of_cause))
    )
    if before is not None:
        query = query.where(IncidentRow.number < before)
    rows = (await tx.execute(query.order_by(IncidentRow.number.desc()).limit(_MOST_ALIKE))).scalars().all()
    theirs = await _causes(tx, [one.id for one in rows])
    same = {one.id: not theirs.get(one.id, set()).isdisjoint(causes) for one in rows}
    chosen = sorted(rows, key=lambda one: (not same[one.id], -one.number))[:limit]
    events = await _events(tx, [one.id for one in chosen])
    return tuple(_alike(one, events.get(one.id, ()), same_cause=same[one.id]) for one in chosen)


async def _causes(tx: AsyncSession, incidents: Sequence[str]) -> dict[str, set[str]]:
    """The services that were computed to be behind each."""
    service = IncidentEventRow.detail["service"].astext
    query = select(IncidentEventRow.incident, service).where(
        IncidentEventRow.incident.in_(incidents), IncidentEventRow.kind == "cause"
    )
    found: dict[str, set[str]] = {}
    for incident, cause in await tx.execute(query):
        found.setdefault(incident, set()).add(cause)
    return found


async def _events(tx: AsyncSession, incidents: Sequence[str]) -> dict[str, list[IncidentEventRow]]:
    query = select(IncidentEventRow).where(
        IncidentEventRow.incident.in_(incidents), IncidentEventRow.kind.in_(_TOLD)
    )
    found: dict[str, list[IncidentEventRow]] = {}
    for event in (await tx.execute(query.order_by(IncidentEventRow.number))).scalars():
        found.setdefault(event.incident, []).append(event)
    return found


def _alike(incident: IncidentRow, events: Sequence[IncidentEventRow], *, same_cause: bool) -> Alike:
    updates = [str(one.detail["words"]) for one in events if one.kind == "update"]
    return Alike(
        id=incident.id,
        service=incident.service,
        started=incident.started,
        same_cause=same_cause,
        tried=tried_in(events),
        said=updates[-1] if updates else None,
    )


async def records(tx: AsyncSession) -> tuple[Record, ...]:
    """How often each kind of remedy helped, the most frequent first, of those whose effect was looked at."""
    query = select(IncidentEventRow).where(IncidentEventRow.kind.in_(("remedy", "healthy", "no effect")))
    events = await tx.execute(query.order_by(IncidentEventRow.incident, IncidentEventRow.number))
    tallies = tallies_of(events.scalars())
    known = (Record(kind, tally.helped, tally.tried) for kind, tally in tallies.items())
    return tuple(sorted(known, key=lambda one: (-one.tried, one.kind)))
