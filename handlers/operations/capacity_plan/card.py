"""A capacity plan's card: the peak ahead, what it takes, risks, costs, and what can be done."""

from __future__ import annotations

import asyncio
import math
from datetime import datetime

from agents.operations.capacity.sizing import Need
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
from handlers.operations.capacity_plan.overview import LIGHTS, TONES, worst
from handlers.operations.capacity_plan.planning import Planned
from integrations.load import MOST_RATE

_SHOWN_PAST = 14 * 24


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
    basis = planned.expected.basis
    blocks: list[Block] = [Text((summary,)), Text((basis,))]
    if planned.scored is not None:
        blocks.append(Text((planned.scored.says(),)))
    if plan.needs:
        rows = tuple((need.what, _now(need), f"{need.needed:,.4g}", need.why) for need in plan.needs)
        blocks.append(Table(("What", "Now", "Needed", "Why"), rows, "lrrl"))
    risks = tuple((f"{LIGHTS[risk.level]}: {risk.what}. {risk.why}",) for risk in plan.risks)
    if risks:
        blocks.append(Bullets(risks))
    if cost := _cost_text(planned):
        blocks.append(Text((cost,)))
    if plan.unknown:
        blocks.append(Small((" ".join(plan.unknown),)))
    blocks += await _chart(desk, planned)
    blocks.append(Buttons(_buttons(planned)))
    risk = worst(planned)
    tone: Tone = "plain" if risk is None else TONES[risk.level]
    heading = f"Capacity of {planned.service} for {planned.name}"
    if risk is not None:
        heading += f": {risk.level.value}"
    return Reply(
        text=f"{summary} {basis}",
        cards=(Card(heading, tuple(blocks), tone),),
        facts=_facts(desk, planned),
    )


def _now(need: Need) -> str:
    return "not known" if need.now is None else f"{need.now:,.4g}"


def _cost_text(planned: Planned) -> str:
    offer = planned.offer
    reserved = ""
    if planned.reserved:
        reserved = f"Reserved already, beyond those that run: {counted(planned.reserved, 'replica')}."
    if offer is None:
        return f"{reserved} {planned.priced}".strip()
    price = offer.price
    more = counted(offer.units, "more replica")
    better = (
        f"Reserving saves {offer.saved:.0%}."
        if offer.reserving_pays
        else "On demand is no dearer: do not reserve."
    )
    return (
        f"{reserved} {more} for {offer.hours:,} h: {offer.on_demand:,} {price.currency} on demand, or"
        f" {offer.reserved:,} {price.currency} reserved for {offer.reserved_hours:,} h. {better}"
        f" Prices: {price.said}."
    ).strip()


def _buttons(planned: Planned) -> tuple[Button, ...]:
    rate = math.ceil(_to_simulate(planned))
    asks = f"simulate_load load test {planned.service} at {rate} requests a second"
    simulate = Button("Simulate", "ask", asks)
    if planned.wanted is None:
        return (simulate,)
    reserve = () if planned.offer is None else (Button("Reserve", "reserve_capacity", planned.id, "primary"),)
    return (*reserve, simulate, Button("Defer", "defer_capacity", planned.id))


def _to_simulate(planned: Planned) -> float:
    """The peak; or twice what was held, where that was already more and nothing gave way."""
    peak, carried = planned.plan.peak.high, planned.carried
    if carried is None or carried.law is not None or carried.at_least is None:
        return peak
    return min(max(peak, 2 * carried.at_least[1]), max(peak, MOST_RATE))


def _facts(desk: Desk, planned: Planned) -> tuple[Fact, ...]:
    peak, day = planned.plan.peak, planned.day
    source = Source("computation", planned.expected.basis)
    facts = [
        Fact(name, f"Peak: {words}", round(value, 4), "requests/s", desk.now, source)
        for name, words, value in (
            ("peak", "expected", peak.expected),
            ("peak_low", "low end of 80 %", peak.low),
            ("peak_high", "high end of 80 %", peak.high),
        )
    ]
    if (scored := planned.scored) is not None:
        held = Source("computation", "each hour that was measured, against the last forecast made before it")
        facts += [
            Fact("within", "Hours within their forecast", round(scored.within, 4), "", scored.at, held),
            Fact("scored", "Hours forecast so far", scored.steps, "hours", scored.at, held),
        ]
        if scored.off is not None:
            facts.append(Fact("off", "Off in the last hour", round(scored.off, 4), "", scored.at, held))
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
    history, forecast = planned.expected.history, planned.expected.forecast
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
