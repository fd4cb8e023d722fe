"""One service's capacity plan: what is expected, what that takes, and what it costs; kept once it is made."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from agents.operations.capacity.expected_peak import ExpectedPeak, expect_peak, said_peak
from agents.operations.capacity.kept_plans import Scored, keep_plan, paid_for, score_kept
from agents.operations.capacity.known_capacity import carried, database_of
from agents.operations.capacity.reserved_or_on_demand import NotReservable, Offer, on_demand_or_reserved
from agents.operations.capacity.sizing import CapacityPlan, Carried, Running, size
from agents.operations.capacity.traffic_forecast import HistoryTooShort, Peak, Traffic
from agents.operations.measured_traffic import MeasuredDay, measured_bursts, measured_day, measured_history
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known
from handlers.conversation.turn import Turn
from handlers.operations.capacity_plan.parse import Ahead
from handlers.operations.targets import demand_running
from handlers.operations.wanted_capacity import Wanted, wanted_by
from integrations.deployments import Stage, Target
from integrations.metrics import MetricsError
from integrations.prices import NoPrice, PricesError, Unit
from storage.look import Away


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with all that stands behind it. `id` is what it is kept by, `reserved` the replicas that are paid
    for beyond those that run; `priced` says why there is no `offer`."""

    id: str
    service: str
    name: str
    replicas: int
    reserved: int
    plan: CapacityPlan
    carried: Carried | None
    expected: ExpectedPeak
    day: MeasuredDay | None
    scored: Scored | None
    wanted: Wanted | None
    offer: Offer | None
    priced: str


async def plan_service(turn: Turn, desk: Desk, service: str, ahead: Ahead) -> Planned:
    """Plan for a time ahead, and keep the plan. Raises CannotAnswer where no peak is known or nothing runs."""
    runs = await demand_running(desk, Target(service, Stage.PRODUCTION))
    try:
        day = await measured_day(desk.ports.metrics, service, desk.now)
    except (MetricsError, Away):
        day = None
    history, short = await _history(desk, service)
    expected = await _expected(turn, desk, service, ahead, day, history, short)
    replicas = runs.running.replicas
    carries = await carried(desk.tx, service, runs.running.version)
    try:
        database = await database_of(desk.ports.metrics, service, desk.now)
    except (MetricsError, Away):
        database = None
    plan = size(expected.peak, Running(service, replicas, carried=carries, database=database))
    needed = next((int(need.needed) for need in plan.needs if need.what == "replicas"), None)
    paid = await paid_for(desk.tx, service, expected.peak.at, replicas)
    missing = 0 if needed is None else max(needed - max(replicas, paid), 0)
    scored = None if history is None else await score_kept(desk.tx, service, history)
    kept = await keep_plan(
        desk.tx,
        service,
        ahead.name,
        ahead.since,
        ahead.until,
        desk.now,
        replicas=replicas,
        missing=missing,
        forecast=expected.forecast,
    )
    wanted = wanted_by(kept)
    offer, priced = await _offer(desk, wanted)
    return Planned(
        id=kept.id,
        service=service,
        name=ahead.name,
        replicas=replicas,
        reserved=max(paid - replicas, 0),
        plan=plan,
        carried=carries,
        expected=expected,
        day=day,
        scored=scored,
        wanted=wanted,
        offer=offer,
        priced=priced,
    )


async def _history(desk: Desk, service: str) -> tuple[Traffic | None, str]:
    """What was measured; None with a sentence where that is nothing, or not known."""
    try:
        found = await measured_history(desk.ports.metrics, service, desk.now)
    except (MetricsError, Away) as unknown:
        return None, f"What {service} served is not known: {str(unknown).rstrip('.')}."
    if found is None:
        return None, f"Nobody measured what {service} serves in production."
    return found[0], ""


async def _expected(
    turn: Turn,
    desk: Desk,
    service: str,
    ahead: Ahead,
    day: MeasuredDay | None,
    history: Traffic | None,
    short: str,
) -> ExpectedPeak:
    """The peak that somebody named; else what the traffic so far lets expect; else, where the history is too
    short, what was said of the last day. Raises CannotAnswer where there is none of these."""
    who = known(turn).name
    if ahead.peak is not None:
        peak = Peak(ahead.since, ahead.peak, ahead.peak, ahead.peak)
        return ExpectedPeak(peak, f"{who} named the peak; nothing was forecast.")
    asked = ahead.said_by(who, desk.now)
    if history is not None:
        try:
            bursts = await measured_bursts(desk.ports.metrics, service, desk.now)
        except (MetricsError, Away):
            bursts = None
        try:
            return await asyncio.to_thread(expect_peak, history, asked, day, bursts)
        except HistoryTooShort as missing:
            short = f"{missing} Nothing is forecast from that."
    try:
        return said_peak(asked, day, short)
    except HistoryTooShort as missing:
        raise CannotAnswer(
            f"{missing} Name a peak and I plan for it: “capacity plan for {service} for {ahead.name} at a peak"
            " of 500 requests a second”."
        ) from missing


async def _offer(desk: Desk, wanted: Wanted | None) -> tuple[Offer | None, str]:
    """What the missing replicas cost either way, and a sentence where that cannot be told."""
    if wanted is None:
        return None, ""
    try:
        price = await desk.ports.prices.price(Unit.REPLICA_HOUR, wanted.service)
        return on_demand_or_reserved(price, wanted.units, wanted.hours), ""
    except (NoPrice, PricesError, NotReservable, Away) as unknown:
        return None, f"What they cost is not known: {unknown}"
