"""`capacity_plan`: the traffic ahead, what it takes, what may fail, and what it costs either way."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.operations.capacity.known_capacity import carried, database_of
from agents.operations.capacity.reservation_actions import ReserveCapacity
from agents.operations.measured_traffic import MeasuredDay, measured_day, measured_history
from agents.operations.reserving import NotReservable, Offer, on_demand_or_reserved
from agents.operations.sizing import CapacityPlan, Running, size
from agents.operations.traffic_forecast import (
    HistoryTooShort,
    Peak,
    Traffic,
    TrafficForecast,
    daily_peaks,
    forecast_traffic,
)
from governance.people import Role
from governance.permissions import reads
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler
from handlers.conversation.origin import known
from handlers.conversation.subjects import demand_to_act
from handlers.conversation.submitting import ask_for_approval
from handlers.conversation.turn import Clicked, Turn
from handlers.operations.capacity_plan.card import Planned, capacity_reply
from handlers.operations.capacity_plan.parse import Ahead, read_ahead
from handlers.operations.reserving import Wanted, wanted_of
from handlers.operations.targets import demand_running, service_of
from integrations.deployments import Stage, Target
from integrations.metrics import MetricsError
from integrations.prices import NoPrice, PricesError, Unit
from storage.look import Away

_HOURLY_AHEAD = timedelta(days=60)
"""Further ahead it is forecast by each day's peak."""


@dataclass(frozen=True, slots=True)
class _Expected:
    """The peak that is planned for, where it comes from in words, and the forecast behind it."""

    peak: Peak
    basis: str
    history: Traffic | None = None
    forecast: TrafficForecast | None = None


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Plan for the time that is named, or the next month. Raises CannotAnswer."""
    service = await service_of(desk, asked)
    zone = desk.department.calendar_of(None).time_zone
    ahead = read_ahead(asked.text.replace(service, " "), desk.now, zone)
    runs = await demand_running(desk, Target(service, Stage.PRODUCTION))
    day = await _day(desk, service)
    expected = await _expected(turn, desk, service, ahead, day)
    replicas = runs.running.replicas
    law = await carried(desk.tx, service)
    try:
        database = await database_of(desk.ports.metrics, service, replicas, desk.now)
    except (MetricsError, Away):
        database = None
    plan = size(expected.peak, Running(service, replicas, scalability=law, database=database))
    wanted = _wanted(service, plan, replicas, ahead)
    offer, priced = await _offer(desk, wanted)
    desk.memory.about(capacity=wanted.stored() if wanted is not None else "")
    planned = Planned(
        service=service,
        name=ahead.name,
        replicas=replicas,
        plan=plan,
        basis=expected.basis,
        day=day,
        history=expected.history,
        forecast=expected.forecast,
        wanted=wanted,
        offer=offer,
        priced=priced,
    )
    return await capacity_reply(desk, planned)


async def _day(desk: Desk, service: str) -> MeasuredDay | None:
    try:
        return await measured_day(desk.ports.metrics, service, desk.now)
    except (MetricsError, Away):
        return None


async def _expected(turn: Turn, desk: Desk, service: str, ahead: Ahead, day: MeasuredDay | None) -> _Expected:
    """The peak that somebody named; else what the traffic so far lets expect; else, where the history is too
    short, the highest of the last day times what was said. Raises CannotAnswer where there is none of these."""
    who = known(turn).name
    if ahead.peak is not None:
        peak = Peak(ahead.since, ahead.peak, ahead.peak, ahead.peak)
        return _Expected(peak, f"{who} named the peak; nothing was forecast.")
    try:
        found = await measured_history(desk.ports.metrics, service, desk.now)
    except (MetricsError, Away) as unknown:
        found, short = None, f"What {service} served is not known: {str(unknown).rstrip('.')}."
    else:
        short = f"Nobody measured what {service} serves in production."
    if found is not None:
        history, _ = found
        try:
            return await _forecast(history, ahead, who, desk.now)
        except HistoryTooShort as missing:
            short = f"{missing} Nothing is forecast from that."
    if ahead.times is not None and day is not None and day.peak > 0:
        named = ahead.times * day.peak
        basis = f"{short} {who} said {ahead.times:g}x: it is taken of the highest five minutes of the last day."
        return _Expected(Peak(ahead.since, named, named, named), basis)
    raise CannotAnswer(
        f"{short} Name a peak and I plan for it: “capacity plan for {service} for {ahead.name} at a peak of 500"
        " requests a second”."
    )


async def _forecast(history: Traffic, ahead: Ahead, who: str, now: datetime) -> _Expected:
    """Raises HistoryTooShort."""
    far = ahead.until - history.end
    past = history if far <= _HOURLY_AHEAD else daily_peaks(history)
    forecast = await asyncio.to_thread(forecast_traffic, past, ahead.until - past.end, ahead.said(who, now))
    first = max(math.floor((ahead.since - forecast.start) / forecast.step), 0)
    at = first + int(forecast.expected[first:].argmax())
    high = float(forecast.high[first:].max())
    peak = Peak(
        forecast.start + at * forecast.step,
        float(forecast.expected[at]),
        float(forecast.low[first:].max()),
        max(high, float(forecast.expected[at])),
    )
    if peak.expected <= 0:
        raise HistoryTooShort("No traffic at all is expected from what was measured.")
    days = (past.end - past.start) / timedelta(days=1)
    basis = f"Forecast from {days:,.0f} days of own traffic. {' '.join(forecast.limits)}".rstrip()
    if not ahead.said(who, now):
        basis += " It holds nothing of what an event adds: say it, for example “with 9x traffic”."
    return _Expected(peak, basis, past, forecast)


def _wanted(service: str, plan: CapacityPlan, replicas: int, ahead: Ahead) -> Wanted | None:
    """The replicas that are missing, for as long as they are; None where none is, or that is not known."""
    needed = next((need.needed for need in plan.needs if need.what == "replicas"), None)
    if needed is None or needed <= replicas:
        return None
    hours = math.ceil((ahead.until - ahead.since) / timedelta(hours=1))
    return Wanted(service, int(needed) - replicas, ahead.since, hours)


async def _offer(desk: Desk, wanted: Wanted | None) -> tuple[Offer | None, str]:
    """What the missing replicas cost either way, and a sentence where that cannot be told."""
    if wanted is None:
        return None, ""
    try:
        price = await desk.ports.prices.price(Unit.REPLICA_HOUR, wanted.service)
        return on_demand_or_reserved(price, wanted.units, wanted.hours), ""
    except (NoPrice, PricesError, NotReservable, Away) as unknown:
        return None, f"What they cost is not known: {unknown}"


async def _reserve(turn: Turn, desk: Desk) -> Reply:
    """Ask for the reservation, as its row of the matrix says."""
    wanted = _pressed(turn, desk)
    action: ReserveCapacity = await wanted.action(turn, desk)
    return await ask_for_approval(turn, desk, action)


async def _defer(turn: Turn, desk: Desk) -> Reply:
    """Nothing is reserved, and that is said."""
    wanted = _pressed(turn, desk)
    return Reply(
        text=f"Deferred: nothing is reserved for {wanted.service}. Ask for the plan again at any time."
    )


def _pressed(turn: Turn, desk: Desk) -> Wanted:
    """Raises CannotAnswer for those who may only read, and for what is no plan."""
    demand_to_act(known(turn), HANDLER.name, desk)
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return wanted_of(turn.what.subject)


HANDLER = Handler(
    name="capacity_plan",
    purpose="Forecast the load of an event and plan for it",
    example="Analyze Black Friday capacity requirements based on current trends",
    group=Group.STOP,
    permission=reads(Role.SRE_LEAD, Role.ENGINEERING_DIRECTOR),
    answer=answer,
    presses={"reserve_capacity": _reserve, "defer_capacity": _defer},
)
