"""Plans that are kept: capacity is reserved once by each, and forecasts are held against what came."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.capacity.tables import CapacityPlanRow, ReservationRow
from agents.operations.capacity.traffic_forecast import Traffic, TrafficForecast
from storage.database import tenant_of

PLAN_HOLDS = timedelta(hours=24)
"""What runs and is expected changes: an older plan is made again before anything follows from it."""

_SCORED = 50
_DIGITS = 4


async def keep_plan(
    tx: AsyncSession,
    service: str,
    name: str,
    since: datetime,
    until: datetime,
    now: datetime,
    *,
    replicas: int,
    missing: int,
    forecast: TrafficForecast | None,
) -> CapacityPlanRow:
    """Keep what was planned just now."""
    row = CapacityPlanRow(
        id=f"cp_{secrets.token_hex(6)}",
        service=service,
        name=name,
        since=since,
        until=until,
        replicas=replicas,
        missing=missing,
        begins=now if forecast is None else forecast.start,
        step_seconds=0 if forecast is None else round(forecast.step.total_seconds()),
        created=now,
    )
    if forecast is not None:
        row.expected, row.low, row.high = (
            np.round(one, _DIGITS).tolist() for one in (forecast.expected, forecast.low, forecast.high)
        )
    tx.add(row)
    await tx.flush()
    return row


async def kept_plan(tx: AsyncSession, id: str) -> CapacityPlanRow | None:
    """A plan by its id."""
    return (await tx.execute(select(CapacityPlanRow).where(CapacityPlanRow.id == id))).scalar()


async def reserved_since(tx: AsyncSession, plan: CapacityPlanRow, *, lock: bool = False) -> str | None:
    """What was reserved of the plan's service, for a part of its time, after it was made: such a plan asks for
    what is there already. With `lock` nobody else reserves for the service until the transaction ends."""
    if lock:
        key = f"{tenant_of(tx)}/reserve/{plan.service}"
        await tx.execute(select(func.pg_advisory_xact_lock(func.hashtext(key))))
    for row in await _reserved(tx, plan.service, plan.since, plan.until):
        if row.created > plan.created:
            return f"{row.units} more replica{'' if row.units == 1 else 's'} of {row.service} as {row.id}"
    return None


async def paid_for(tx: AsyncSession, service: str, at: datetime, running: int) -> int:
    """How many replicas there are at a moment (that of a peak) with what is reserved for it: those that ran
    when the first of these reservations was planned, and all that were reserved. Those that run now may be
    among them."""
    rows = await _reserved(tx, service, at, at + timedelta(microseconds=1))
    if not rows:
        return running
    first = None if rows[0].plan is None else await kept_plan(tx, rows[0].plan)
    base = running if first is None else min(first.replicas, running)
    return base + sum(row.units for row in rows)


async def _reserved(
    tx: AsyncSession, service: str, since: datetime, until: datetime
) -> Sequence[ReservationRow]:
    """Reservations of a service that share a part of a time, the first one first."""
    query = select(ReservationRow).where(ReservationRow.service == service, ReservationRow.starts < until)
    rows = (await tx.execute(query.order_by(ReservationRow.created, ReservationRow.id))).scalars()
    return [row for row in rows if row.starts + timedelta(hours=row.hours) > since]


@dataclass(frozen=True, slots=True)
class Scored:
    """What became of forecasts. At `at`, the last step that was measured, the newest of them was `off` by
    so much of what came (negative: it was low), None where no traffic came; of `steps` that came since, the
    share `within` lay in their intervals."""

    at: datetime
    off: float | None
    within: float
    steps: int

    def says(self) -> str:
        """In words."""
        last = ""
        if self.off is not None:
            way = "as it came" if abs(self.off) < 0.005 else f"{abs(self.off):.0%} {_way(self.off)}"
            last = f"My last forecast for this hour (from {self.at:%H:%M} UTC) was {way}; "
        within = f"f the hours that I forecast so far ({self.steps}) {self.within:.0%} lay within its range."
        return f"{last}{'o' if last else 'O'}{within}"


def _way(off: float) -> str:
    return "low" if off < 0 else "high"


async def score_kept(tx: AsyncSession, service: str, measured: Traffic) -> Scored | None:
    """The kept forecasts of a service against what was measured since; None where nothing came yet."""
    query = select(CapacityPlanRow).where(CapacityPlanRow.service == service)
    rows = (await tx.execute(query.order_by(CapacityPlanRow.created.desc()).limit(_SCORED))).scalars()
    return score(list(rows), measured)


def score(plans: Sequence[CapacityPlanRow], measured: Traffic) -> Scored | None:
    """Each measured step counts once, by the forecast that was made last before it. Forecasts in other steps
    are left out."""
    said: dict[int, tuple[float, float, float]] = {}
    for plan in sorted(plans, key=lambda one: one.created):
        if timedelta(seconds=plan.step_seconds) != measured.step:
            continue
        first = round((plan.begins - measured.start) / measured.step)
        for ahead, figures in enumerate(zip(plan.expected, plan.low, plan.high, strict=True)):
            said[first + ahead] = figures
    came = {
        at: float(measured.values[at])
        for at in sorted(said)
        if 0 <= at < len(measured.values) and np.isfinite(measured.values[at])
    }
    if not came:
        return None
    last = max(came)
    within = [said[at][1] <= value <= said[at][2] for at, value in came.items()]
    off = said[last][0] / came[last] - 1 if came[last] > 0 else None
    return Scored(measured.start + last * measured.step, off, float(np.mean(within)), len(came))
