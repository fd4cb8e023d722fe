"""The figures of one team's velocity: in words, as a row of a table, and as Facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from agents.delivery.backtest import Backtest
from agents.delivery.sprints import Past, Series, Unit
from agents.delivery.trend import Trend
from agents.delivery.velocity import Fan, Forecast
from governance.facts import Fact, Source
from governance.moments import day_text
from handlers.conversation.wording import counted
from integrations.tracker import Sprint

LATELY = 6
"""Sprints that the mean of a team is said of."""


@dataclass(frozen=True, slots=True)
class Velocity:
    """What is shown of one team, or of all together: `past` are the sprints that were asked for."""

    name: str
    series: Series
    past: tuple[Past, ...]
    trend: Trend
    forecast: Forecast
    backtest: Backtest | None

    @property
    def mean(self) -> float:
        """Of the last sprints that were asked for."""
        return fmean([one.done for one in self.past[-LATELY:]] or [0.0])


def amount(value: float, unit: Unit) -> str:
    """`3 stories`, `72 agent-hours`."""
    text = f"{value:,.1f}".rstrip("0").rstrip(".")
    return f"{text} {unit.value}" if value != 1 else f"1 {'story' if unit is Unit.STORIES else 'agent-hour'}"


def plain(value: float) -> str:
    """The number alone."""
    return f"{value:,.1f}".rstrip("0").rstrip(".") or "0"


def fan_text(fan: Fan) -> str:
    """`3 (1 to 5)`."""
    return f"{plain(fan.middle)} ({plain(fan.low)} to {plain(fan.high)})"


def trend_text(trend: Trend, unit: Unit) -> str:
    """In a few words; a trend that may as well be chance is none."""
    if trend.way == "unknown":
        return f"no trend yet ({counted(trend.sprints, 'sprint')})"
    if trend.way == "none":
        return "no clear trend"
    return f"{trend.way} {plain(abs(round(trend.slope, 2 if unit is Unit.STORIES else 1)))} a sprint"


def lead(one: Velocity) -> str:
    """The answer in two or three sentences."""
    unit = one.series.unit
    lately = counted(min(len(one.past), LATELY), "sprint")
    said = f"{one.name}: {amount(one.mean, unit)} a sprint (mean of {lately}), {trend_text(one.trend, unit)}."
    if one.forecast.running is not None:
        said += f" This sprint: {fan_text(one.forecast.running.fan)}"
        said += f", of which {plain(one.series.running.done if one.series.running else 0)} are done."
    if not one.forecast.sprints:
        return f"{said} {why_none(one)}"
    said += f" Next: {fan_text(one.forecast.sprints[0].fan)}."
    if one.forecast.total is not None:
        said += f" The next {len(one.forecast.sprints)} together: {fan_text(one.forecast.total)}."
    return said


def why_none(one: Velocity) -> str:
    """Why nothing is foretold."""
    if not one.series.coming:
        return "No forecast: no sprint to come is in the tracker. Plan one there, and ask again."
    return (
        f"No forecast: {counted(len(one.series.ended), 'sprint')} of it are over, which are too few to go by."
        " Ask again when there are more."
    )


def calibration(one: Velocity) -> str:
    """How past forecasts did, and whether that says anything."""
    found = one.backtest
    if found is None or not found.is_enough:
        tested = 0 if found is None else found.tested
        return (
            f"How good these forecasts are is not known: {counted(tested, 'sprint')} could be foretold anew,"
            " too few to judge by."
        )
    fewest, most = found.expected
    verdict = (
        "narrower than they should be"
        if found.within < fewest
        else "wider than they need be"
        if found.within > most
        else f"as it should be ({fewest} to {most} are no surprise)"
    )
    return (
        f"The last {found.tested} sprints foretold anew: {found.within} ended within their range, {verdict}."
        f" The middle was off by {plain(found.error)}, the mean of the three sprints before by"
        f" {plain(found.naive_error)}."
    )


def days_text(sprint: Sprint) -> str:
    """`16 Nov 2026`: when it begins."""
    return day_text(sprint.starts)


def facts_of(id: str, one: Velocity, now: datetime) -> tuple[Fact, ...]:
    """Every figure of it with where it comes from."""
    unit, name = one.series.unit.value, one.name
    facts = [
        Fact(f"{id}s{number}", f"{name}, {past.sprint.name}", past.done, unit, now, _counted(past.sprint, unit))
        for number, past in enumerate(one.past, 1)
    ]
    lately = tuple(fact.id for fact in facts[-LATELY:])
    facts.append(
        Fact(f"{id}mean", f"{name}, mean", round(one.mean, 1), unit, now, Source("computation", "mean", lately))
    )
    slope = Source("computation", "Theil and Sen's slope; told if Kendall's tau gives p under .1")
    facts.append(Fact(f"{id}trend", f"{name}, trend", round(one.trend.slope, 2), f"{unit}/sprint", now, slope))
    facts.append(Fact(f"{id}p", f"{name}, p of trend", round(one.trend.chance, 3), "", now, slope))
    if one.series.running is not None:
        source = _counted(one.series.running.sprint, unit)
        facts.append(Fact(f"{id}now", f"{name}, done so far", one.series.running.done, unit, now, source))
    told = [*([one.forecast.running] if one.forecast.running else ()), *one.forecast.sprints]
    for number, foretold in enumerate(told, 1):
        facts += _fan_facts(f"{id}f{number}", f"{name}, {foretold.sprint.name}", foretold.fan, unit, now)
    if one.forecast.total is not None:
        facts += _fan_facts(f"{id}total", f"{name}, together", one.forecast.total, unit, now)
    return (*facts, *_backtest_facts(id, one, now))


def _counted(sprint: Sprint, unit: str) -> Source:
    return Source(
        "query", f"tracker: {unit} of stories finished from {sprint.starts} until before {sprint.ends}"
    )


_HOW = "quantile regression forest over the sprints of all teams before, newer ones weighing more"


def _fan_facts(id: str, name: str, fan: Fan, unit: str, now: datetime) -> list[Fact]:
    parts = (("10", "P10", fan.low), ("50", "P50", fan.middle), ("90", "P90", fan.high))
    return [
        Fact(f"{id}{short}", f"{name}, {part}", value, unit, now, Source("computation", f"{part}, {_HOW}"))
        for short, part, value in parts
    ]


def _backtest_facts(id: str, one: Velocity, now: datetime) -> Sequence[Fact]:
    if one.backtest is None:
        return ()
    source = Source("computation", f"the last sprints foretold from what was known before them; {_HOW}")
    unit = one.series.unit.value
    figures = (
        ("tested", "foretold anew", one.backtest.tested, "sprints"),
        ("within", "within their range", one.backtest.within, "sprints"),
        ("error", "mean error of the middle", round(one.backtest.error, 1), unit),
        ("naive", "mean error of the mean of three", round(one.backtest.naive_error, 1), unit),
    )
    return [Fact(f"{id}{key}", f"{one.name}, {name}", value, u, now, source) for key, name, value, u in figures]
