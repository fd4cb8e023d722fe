"""What a story that follows from an incident takes from it: what it was about, and when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.incident_rows import timeline
from agents.operations.incident_tables import IncidentRow

_MOST_EVENTS = 500
_STILL_MEANT = timedelta(days=1)
"""After its end a thread's incident is what a story there is about for so long, though nobody names it."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """`service` is the one that was computed to be behind it, else its own. `says` what was found, in
    sentences; `criterion` what a performance test has to show, None where nothing usual was measured."""

    incident: str
    service: str
    says: str
    criterion: str | None


async def meant_by_thread(tx: AsyncSession, incident: str, now: datetime) -> bool:
    """Whether a story in an incident's thread is about it by itself: it goes on, or ended lately."""
    still = or_(IncidentRow.resolved.is_(None), IncidentRow.resolved > now - _STILL_MEANT)
    query = select(IncidentRow.id).where(IncidentRow.id == incident, still)
    return (await tx.execute(query)).first() is not None


async def follow_up_of(tx: AsyncSession, incident: str) -> FollowUp | None:
    """What a story takes from this incident; None where there is none of this id (but a window, say)."""
    row = (await tx.execute(select(IncidentRow).where(IncidentRow.id == incident))).scalar()
    if row is None:
        return None
    events = await timeline(tx, incident, _MOST_EVENTS)
    cause = next((one.detail for one in reversed(events) if one.kind == "cause"), None)
    seen = next((one.detail for one in events if one.kind == "seen"), None)
    service = row.service if cause is None else str(cause["service"])
    where = f"Follows from {row.id} ({row.service} in {row.stage})."
    return FollowUp(incident, service, " ".join(filter(None, (where, _cause(cause)))), _criterion(row, seen))


def _cause(cause: Mapping[str, Any] | None) -> str:
    if cause is None:
        return ""
    said = f"{cause['subject']} explained {cause['share']:.0%} of {cause['of']}"
    if cause.get("version") is None:
        return f"{said[:1].upper()}{said[1:]}."
    known = ", ".join(
        filter(
            None, (cause.get("commit") and f"commit {cause['commit']}", cause.get("story") and cause["story"])
        )
    )
    came = f"; {cause['version']} of {cause['service']} came {cause['seconds_before']} s before"
    return f"{said[:1].upper()}{said[1:]}{came}{f' ({known})' if known else ''}."


def _criterion(row: IncidentRow, seen: Mapping[str, Any] | None) -> str | None:
    if seen is None or seen.get("p95") is None or seen.get("usual_p95") is None:
        return None
    usual, then = 1000 * seen["usual_p95"], 1000 * seen["p95"]
    return (
        f"A performance test of {row.service} at the load of {row.id} keeps the 95th percentile of latency at"
        f" its usual {usual:,.0f} ms (it was {then:,.0f} ms)."
    )
