"""A capacity plan's card: the peak ahead, what it takes, risks, costs, and what can be done."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from datetime import datetime

from agents.operations.measured_traffic import MeasuredDay
from agents.operations.reserving import Offer
from agents.operations.sizing import CapacityPlan, Level, Need
from agents.operations.traffic_forecast import Traffic, TrafficForecast
from governance.facts import Fact, Source
from governance.visibility import EVERYTHING
from handlers.conversation.cards import (
    Block,
    Bullets,
    Button,
    Buttons,
    Card,
    Chart,
    Reply,
    Small,
    Table,
    Text,
    Tone,
)
from handlers.conversation.charts import Line, draw_lines
from handlers.conversation.desk import Desk
from handlers.conversation.wording import counted
from handlers.operations.reserving import Wanted

_SHOWN_PAST = 14 * 24
_LIGHTS = {Level.RED: "🔴 Red", Level.YELLOW: "🟡 Yellow", Level.GREEN: "🟢 Green"}
_TONES: dict[Level, Tone] = {Level.RED: "bad", Level.YELLOW: "warning", Level.GREEN: "good"}


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with all that stands behind it; `priced` says why there is no `offer`."""

    service: str
    name: str
    replicas: int
    plan: CapacityPlan
    basis: str
    day: MeasuredDay | None
    history: Traffic | None
    forecast: TrafficForecast | None
    wanted: Wanted | None
    offer: Offer | None
    priced: str


async def capacity_reply(desk: Desk, planned: Planned) -> Reply:
    """The plan, with the figures as facts."""
    plan, peak = planned.plan, planned.plan.peak
    interval = f" (80 %: {peak.low:,.4g} to {peak.high:,.4g})" if peak.low < peak.high else ""
    summary = f"{planned.name}: up to {peak.expected:,.4g} requests/s{interval} at {planned.service}."
    if planned.day is not None:
        day = planned.day
        summary += (
            f" The last day had {day.mean:,.4g} on average and {day.peak:,.4g} in its highest five minutes"
            f" ({day.hours:.0f} h of it measured)."
        )
    blocks: list[Block] = [Text((summary,)), Text((planned.basis,))]
    if plan.needs:
        rows = tuple((need.what, _now(need), f"{need.needed:,.4g}", need.why) for need in plan.needs)
        blocks.append(Table(("What", "Now", "Needed", "Why"), rows, "lrrl"))
    risks = tuple((f"{_LIGHTS[risk.level]}: {risk.what}. {risk.why}",) for risk in plan.risks)
    if risks:
        blocks.append(Bullets(risks))
    if cost := _cost_text(planned):
        blocks.append(Text((cost,)))
    if plan.unknown:
        blocks.append(Small((" ".join(plan.unknown),)))
    blocks += await _chart(desk, planned)
    blocks.append(Buttons(_buttons(planned)))
    worst = plan.risks[0].level if plan.risks else None
    tone: Tone = "plain" if worst is None else _TONES[worst]
    heading = f"Capacity of {planned.service} for {planned.name}"
    if worst is not None:
        heading += f": {worst.value}"
    return Reply(
        text=f"{summary} {planned.basis}",
        cards=(Card(heading, tuple(blocks), tone),),
        facts=_facts(desk, planned),
    )


def _now(need: Need) -> str:
    return "not known" if need.now is None else f"{need.now:,.4g}"


def _cost_text(planned: Planned) -> str:
    offer = planned.offer
    if offer is None:
        return planned.priced
    price = offer.price
    more = counted(offer.units, "more replica")
    sample = " They are invented, for the sample." if price.is_sample else ""
    better = (
        f"Reserving saves {offer.saved:.0%}."
        if offer.reserving_pays
        else "On demand is no dearer: do not reserve."
    )
    return (
        f"{more} for {offer.hours:,} h: {offer.on_demand:,} {price.currency} on demand, or"
        f" {offer.reserved:,} {price.currency} reserved for {offer.reserved_hours:,} h. {better}"
        f" Prices: {price.source}, {price.as_of:%Y-%m-%d}.{sample}"
    )


def _buttons(planned: Planned) -> tuple[Button, ...]:
    rate = math.ceil(planned.plan.peak.high)
    asks = f"simulate_load load test {planned.service} at {rate} requests a second"
    simulate = Button("Simulate", "ask", asks)
    if planned.wanted is None:
        return (simulate,)
    stored = planned.wanted.stored()
    reserve = () if planned.offer is None else (Button("Reserve", "reserve_capacity", stored, "primary"),)
    return (*reserve, simulate, Button("Defer", "defer_capacity", stored))


def _facts(desk: Desk, planned: Planned) -> tuple[Fact, ...]:
    peak, day = planned.plan.peak, planned.day
    source = Source("computation", planned.basis)
    facts = [
        Fact(name, f"Peak: {words}", round(value, 4), "requests/s", desk.now, source)
        for name, words, value in (
            ("peak", "expected", peak.expected),
            ("peak_low", "low end of 80 %", peak.low),
            ("peak_high", "high end of 80 %", peak.high),
        )
    ]
    if day is not None:
        query = Source("query", day.source)
        facts += [
            Fact("mean", "Last day: average", round(day.mean, 4), "requests/s", day.as_of, query),
            Fact("day_peak", "Last day: highest", round(day.peak, 4), "requests/s", day.as_of, query),
        ]
    for number, need in enumerate(planned.plan.needs, 1):
        worked = Source("computation", f"{need.why} ({', '.join(need.figures)})")
        facts.append(Fact(f"n{number}", f"Needed: {need.what}", need.needed, need.unit, desk.now, worked))
    if (offer := planned.offer) is not None:
        at = datetime(
            offer.price.as_of.year, offer.price.as_of.month, offer.price.as_of.day, tzinfo=desk.now.tzinfo
        )
        listed = Source("file", offer.price.source)
        facts += [
            Fact("on_demand", "On demand", offer.on_demand, offer.price.currency, at, listed),
            Fact("reserved", "Reserved", offer.reserved, offer.price.currency, at, listed),
        ]
    return tuple(facts)


async def _chart(desk: Desk, planned: Planned) -> list[Block]:
    history, forecast = planned.history, planned.forecast
    if history is None or forecast is None:
        return []
    past = history.values[-_SHOWN_PAST:]
    begins = history.end - len(past) * history.step
    ahead = [forecast.start + at * forecast.step for at in range(len(forecast.expected))]
    lines = (
        Line("measured", [begins + at * history.step for at in range(len(past))], [float(v) for v in past]),
        Line("high end of 80 %", ahead, [float(v) for v in forecast.high]),
        Line("expected", ahead, [float(v) for v in forecast.expected], accent=True),
    )
    title = f"Traffic of {planned.service}, measured and ahead"
    png = await asyncio.to_thread(draw_lines, lines, title=title, unit=forecast.unit)
    file = await desk.files.put(desk.tx, "capacity.png", "image/png", png, EVERYTHING)
    peak = planned.plan.peak
    summary = f"The peak is expected at {peak.at:%Y-%m-%d %H:%M} UTC with {peak.expected:,.4g} {forecast.unit}."
    return [Chart(file, f"Lines of measured and expected traffic over time. {summary}", summary)]
