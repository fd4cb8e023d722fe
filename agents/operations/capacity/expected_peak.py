"""The peak of a time ahead: from the forecast of hours, the bursts within them, and what people said.

A service carries five minutes or does not, whatever the hour's average is: peaks are of five minutes, as the
last day's highest is, and “10x” is ten times that one, wherever it is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.operations.capacity.traffic_forecast import (
    Event,
    HistoryTooShort,
    Peak,
    Said,
    Traffic,
    TrafficForecast,
    daily_peaks,
    forecast_traffic,
)
from agents.operations.measured_traffic import Bursts, MeasuredDay

_HOURLY_AHEAD = timedelta(days=60)
"""Further ahead it is forecast by each day's peak."""


@dataclass(frozen=True, slots=True)
class TimeAhead:
    """A time ahead and what somebody (`who`) said of it: `times` what the last day had at most in five minutes,
    from `since` until before `until`; and growth."""

    name: str
    since: datetime
    until: datetime
    who: str
    times: float | None = None
    growth: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class ExpectedPeak:
    """The peak that is planned for, where it comes from in words, and the forecast behind it."""

    peak: Peak
    basis: str
    history: Traffic | None = None
    forecast: TrafficForecast | None = None


def expect_peak(
    history: Traffic, asked: TimeAhead, day: MeasuredDay | None, bursts: Bursts | None
) -> ExpectedPeak:
    """The peak of a time by what was measured. It uses the CPU for up to a second: not for the loop. Raises
    HistoryTooShort, also where nothing is to be multiplied; ValueError for a factor that cannot be."""
    far = asked.until - history.end
    past = history if far <= _HOURLY_AHEAD else daily_peaks(history)
    usual = forecast_traffic(past, asked.until - past.end, asked.growth)
    steps = usual.steps_of(asked.since, asked.until)
    most = float(usual.expected[steps].max())
    if most <= 0:
        raise HistoryTooShort("No traffic at all is expected from what was measured.")
    middle, high = (1.0, 1.0) if bursts is None else (bursts.middle, bursts.high)
    days = (past.end - past.start) / timedelta(days=1)
    said = [f"Forecast from {days:,.0f} days of own traffic.", _of_bursts(bursts)]
    forecast = usual
    if asked.times is not None:
        today = _today(day)
        factor = asked.times * today / (most * middle)
        why = f"{asked.who} said {asked.times:g}x"
        event = Event(asked.name, asked.since, asked.until, factor, why)
        forecast = usual.with_said(event, history.end)
        said.append(f"{why}: of the highest five minutes of the last day, {today:,.4g} requests/s.")
    elif not asked.growth:
        said.append("It holds nothing of what an event adds: say it, for example “with 9x traffic”.")
    said += forecast.limits
    expected, low, top = (
        float(values[steps].max()) * burst
        for values, burst in ((forecast.expected, middle), (forecast.low, middle), (forecast.high, high))
    )
    at = (steps.start or 0) + int(forecast.expected[steps].argmax())
    peak = Peak(forecast.start + at * forecast.step, expected, min(low, expected), max(top, expected))
    return ExpectedPeak(peak, " ".join(said), past, forecast)


def said_peak(asked: TimeAhead, day: MeasuredDay | None, why: str) -> ExpectedPeak:
    """The peak where nothing can be forecast (`why`): what was said, of the last day. Raises HistoryTooShort
    where that is nothing."""
    if asked.times is None:
        raise HistoryTooShort(why)
    try:
        today = _today(day)
    except HistoryTooShort as missing:
        raise HistoryTooShort(f"{why} {missing}") from missing
    named = asked.times * today
    basis = (
        f"{why} {asked.who} said {asked.times:g}x: of the highest five minutes of the last day,"
        f" {today:,.4g} requests/s."
    )
    return ExpectedPeak(Peak(asked.since, named, named, named), basis)


def _today(day: MeasuredDay | None) -> float:
    if day is None or day.peak <= 0:
        raise HistoryTooShort("The last day was not measured, or had no traffic: there is nothing to multiply.")
    return day.peak


def _of_bursts(bursts: Bursts | None) -> str:
    if bursts is None:
        return "How it is spread within an hour was not measured: it is taken to be even."
    return (
        f"The highest five minutes of an hour had {bursts.middle:.2f} times its average, and {bursts.high:.2f}"
        f" times in one of ten ({bursts.hours} busy hours measured)."
    )
