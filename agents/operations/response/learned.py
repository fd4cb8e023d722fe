"""What incidents before have taught: which versions were behind some, and which remedies helped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.incident_tables import IncidentEventRow, IncidentRow

_ENDS = ("healthy", "no effect")
_PRIOR_TRIES = 5
_PRIOR = {"deployments.roll_back": 0.8, "deployments.scale": 0.6, "deployments.open_breaker": 0.4}
"""Until something is known: what takes back a change is believed first, and last what refuses customers."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How often a kind of remedy was tried, and how often it was as usual again after it."""

    tried: int = 0
    helped: int = 0


@dataclass(frozen=True, slots=True)
class Learned:
    """`bad` are versions, by service, that incidents were laid to; `tallies` are by action type; `tried` is
    what this incident has had already, as action type and service."""

    bad: frozenset[tuple[str, str]] = frozenset()
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    tried: frozenset[tuple[str, str]] = frozenset()

    def chance(self, type: str) -> float:
        """How likely a kind of remedy helps: what is believed at first counts like five tries."""
        tally = self.tallies.get(type, Tally())
        return (_PRIOR[type] * _PRIOR_TRIES + tally.helped) / (_PRIOR_TRIES + tally.tried)


async def learned(tx: AsyncSession, incident: str) -> Learned:
    """What is known while this incident is answered."""
    query = (
        select(IncidentEventRow)
        .where(IncidentEventRow.kind.in_(("cause", "remedy", *_ENDS)))
        .order_by(IncidentEventRow.incident, IncidentEventRow.number)
    )
    events = tuple((await tx.execute(query)).scalars())
    causes = (one.detail for one in events if one.kind == "cause")
    remedies = (one.detail for one in events if one.kind == "remedy" and one.incident == incident)
    return Learned(
        frozenset((one["service"], one["version"]) for one in causes if one.get("version") is not None),
        tallies_of(events),
        frozenset((one["type"], one["service"]) for one in remedies),
    )


def tallies_of(events: Iterable[IncidentEventRow]) -> Mapping[str, Tally]:
    """Of each kind of remedy how it went, from the timelines in their order. One that was never looked at again
    (refused, or a person took over) says nothing."""
    tallies: dict[str, Tally] = {}
    last: IncidentEventRow | None = None
    for event in events:
        if event.kind == "remedy":
            last = event
        elif event.kind in _ENDS and last is not None and last.incident == event.incident:
            type = last.detail["type"]
            tally = tallies.get(type, Tally())
            tallies[type] = Tally(tally.tried + 1, tally.helped + (event.kind == "healthy"))
            last = None
    return tallies


async def incident_spans(
    tx: AsyncSession, but: str, since: datetime, now: datetime
) -> tuple[tuple[datetime, datetime], ...]:
    """When other incidents of the same stage lasted that are over, as far as they reach beyond `since`: each
    with the minute before it was noticed and the minute after."""
    stage = select(IncidentRow.stage).where(IncidentRow.id == but).scalar_subquery()
    over = func.coalesce(IncidentRow.mitigated, IncidentRow.resolved)
    query = select(IncidentRow.started, over).where(
        IncidentRow.stage == stage, IncidentRow.id != but, IncidentRow.started <= now, over > since
    )
    around = timedelta(minutes=1)
    return tuple((begin - around, end + around) for begin, end in (await tx.execute(query)).all())
