"""The traffic ahead, with intervals from the forecasts that would have been made before.

Several candidates are run at origins of the past; each weighs by how little it was off there. The 80 % interval
at a distance is how far that blend was off at about this distance, each origin blended by the errors of the
others. What people say of the future (a sale, growth) is no part of it: it is applied on top, and kept apart.

Hyndman and Athanasopoulos, Forecasting: principles and practice, 3rd edition, sections 5.10 and 13.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from agents.operations.capacity.forecast_candidates import Array, Past, candidates, fill_gaps

COVERED = 0.8
"""The share of what comes that the interval is to hold."""

_DAY = timedelta(days=1)
_MOST_ORIGINS, _FEWEST_ORIGINS = 14, 5
_CYCLES_BEFORE = {1: 3, 7: 2}
"""How many of a rhythm (in days) must lie before the first origin."""

_MOST_MISSING = 0.25
_WORSE = 3.0
"""A candidate that is this many times as far off as the best one is left out."""

_MOST_STEPS = 50_000
_FURTHEST = 1_500
"""Steps: every set of constants is carried this far at every origin, and that is memory."""

_SAID_IS_UNSURE = "The interval holds for the usual traffic; how sure the said factors are is not known."


class HistoryTooShort(ValueError):
    """There is too little to forecast from. The text says how much is needed."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What was measured at steps of equal length from `start` on; NaN where nothing was. `unit` is what people
    read behind the values (`requests/s`). Zero is traffic of zero, never a gap."""

    start: datetime
    step: timedelta
    values: Array
    unit: str

    @property
    def end(self) -> datetime:
        """Where the first step begins that is not measured yet."""
        return self.start + len(self.values) * self.step


@dataclass(frozen=True, slots=True)
class Event:
    """Somebody said that from `since` until before `until` there is `factor` times the traffic, and why."""

    name: str
    since: datetime
    until: datetime
    factor: float
    why: str

    def over(self, begins: datetime, ends: datetime, _now: datetime) -> float:
        """The most that is said of any moment of a step: an event is not lost for being shorter than one."""
        if self.until <= begins or ends <= self.since:
            return 1.0
        holds_throughout = self.since <= begins and ends <= self.until
        return self.factor if holds_throughout else max(self.factor, 1.0)


@dataclass(frozen=True, slots=True)
class Growth:
    """Somebody said that by `by` there is `factor` times the traffic of now, and why. It grows by the same
    share each day until then, and stays."""

    name: str
    by: datetime
    factor: float
    why: str

    def over(self, moment: datetime, _ends: datetime, now: datetime) -> float:
        """The factor of a step, as it begins."""
        if self.by <= now:
            return self.factor
        gone = (min(moment, self.by) - now) / (self.by - now)
        return float(self.factor ** max(gone, 0.0))


Said = Event | Growth


@dataclass(frozen=True, slots=True)
class Peak:
    """The most that is expected, when, and its 80 % interval, in the traffic's unit."""

    at: datetime
    expected: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class TrafficForecast:
    """Step by step from `start`. `usual` leaves out what people said; `expected`, `low` and `high` have it.

    `weights` are the candidates' shares. `origins` forecasts of the past stand behind the interval. `limits`
    say in words what it does not know.
    """

    start: datetime
    step: timedelta
    unit: str
    usual: Array
    expected: Array
    low: Array
    high: Array
    weights: Mapping[str, float]
    origins: int
    said: tuple[Said, ...]
    limits: tuple[str, ...]

    def steps_of(self, since: datetime, until: datetime) -> slice:
        """The steps that lie in a time, also in part."""
        first = max((since - self.start) // self.step, 0)
        return slice(first, max(-((self.start - until) // self.step), first + 1))

    def with_said(self, said: Said, now: datetime) -> TrafficForecast:
        """With something more that people said, which is applied on top. Raises ValueError for a factor that
        cannot be."""
        _demand_factors((said,))
        factor = _factors((said,), self.start, self.step, len(self.expected), now)
        return replace(
            self,
            expected=self.expected * factor,
            low=self.low * factor,
            high=self.high * factor,
            said=(*self.said, said),
            limits=tuple(dict.fromkeys((*self.limits, _SAID_IS_UNSURE))),
        )


def forecast_traffic(history: Traffic, ahead: timedelta, said: Sequence[Said] = ()) -> TrafficForecast:
    """The traffic of the time `ahead` of the history's end. It uses the CPU for up to a second: not for the
    loop.

    Raises HistoryTooShort; ValueError for steps, times, values or factors that cannot be.
    """
    _demand_possible(history, ahead, said)
    past = _past(history, -(-ahead // history.step))
    found = candidates(past)
    names, runs = list(found), np.array(list(found.values()))
    errors = np.nanmean(np.abs(runs[:, :-1] - past.actual), axis=2)
    weights = _weights(errors.mean(axis=1))
    usual = np.tensordot(weights, runs[:, -1], axes=1)
    low, high = _interval(past, runs[:, :-1], errors)
    factor = _factors(said, history.end, history.step, past.horizon, history.end)
    floor = 0.0 if float(past.filled.min()) >= 0 else -np.inf  # less than no traffic there is not
    return TrafficForecast(
        start=history.end,
        step=history.step,
        unit=history.unit,
        usual=np.maximum(usual, floor),
        expected=np.maximum(usual, floor) * factor,
        low=np.maximum(usual + low, floor) * factor,
        high=np.maximum(usual + high, floor) * factor,
        weights={name: float(weight) for name, weight in zip(names, weights, strict=True) if weight > 0},
        origins=len(past.origins) - 1,
        said=tuple(said),
        limits=tuple(_limits(history, past, said)),
    )


def daily_peaks(history: Traffic) -> Traffic:
    """The highest value of each whole day from the start on, to forecast further ahead than steps allow. A day
    of which more than a quarter was not measured is a gap. Raises HistoryTooShort for less than a day."""
    day = _DAY // history.step
    many = len(history.values) // day
    if not many:
        raise HistoryTooShort("There is no whole day of history.")
    days = history.values[: many * day].reshape(many, day)
    is_known = np.mean(np.isnan(days), axis=1) <= _MOST_MISSING
    peaks = np.where(is_known, np.where(np.isnan(days), -np.inf, days).max(axis=1), np.nan)
    return Traffic(history.start, _DAY, peaks, history.unit)


def _factors(said: Sequence[Said], start: datetime, step: timedelta, many: int, now: datetime) -> Array:
    begins = [start + at * step for at in range(many)]
    return np.array(
        [np.prod([one.over(at, at + step, now) for one in said]) for at in begins], dtype=np.float64
    )


def _demand_factors(said: Sequence[Said]) -> None:
    if any(not (np.isfinite(one.factor) and one.factor > 0) for one in said):
        raise ValueError("a factor is a number above zero")


def _demand_possible(history: Traffic, ahead: timedelta, said: Sequence[Said]) -> None:
    if history.step <= timedelta() or _DAY % history.step:
        raise ValueError(f"steps of {history.step} do not make up a day")
    if ahead <= timedelta():
        raise ValueError("a forecast is of a time to come")
    if np.any(np.isinf(history.values)):
        raise ValueError("infinite traffic was measured: that is a fault of the metric")
    _demand_factors(said)
    if len(history.values) > _MOST_STEPS or ahead / history.step > _FURTHEST:
        raise ValueError(f"at most {_MOST_STEPS:,} steps are looked at, {_FURTHEST:,} ahead; take longer ones")


def _past(history: Traffic, horizon: int) -> Past:
    day = _DAY // history.step
    judging = horizon + day * (_FEWEST_ORIGINS - 1)
    needs = {days: days * day * cycles + judging for days, cycles in _CYCLES_BEFORE.items()}
    rhythms = [days for days, steps in needs.items() if days * day > 1 and len(history.values) >= steps]
    if not rhythms:
        needed = min(steps for days, steps in needs.items() if days * day > 1) * history.step
        raise HistoryTooShort(
            f"A forecast {_days(horizon * history.step)} ahead takes {_days(needed)} of history; there are"
            f" {_days(len(history.values) * history.step)}."
        )
    seasons = tuple(days * day for days in rhythms)
    first = seasons[-1] * _CYCLES_BEFORE[rhythms[-1]]
    end = len(history.values)
    missing = float(np.mean(np.isnan(history.values[-2 * seasons[-1] :])))
    if missing > _MOST_MISSING:
        raise HistoryTooShort(
            f"{missing:.0%} of the last {_days(2 * seasons[-1] * history.step)} was not measured; a forecast"
            f" takes {1 - _MOST_MISSING:.0%} of it."
        )
    latest = end - horizon
    origins = list(range(latest, first - 1, -day))[:_MOST_ORIGINS]
    usable = [at for at in origins if np.mean(np.isnan(history.values[at : at + horizon])) <= _MOST_MISSING]
    if len(usable) < _FEWEST_ORIGINS:
        raise HistoryTooShort(
            f"Only {len(usable)} stretches of {_days(horizon * history.step)} were measured well enough to"
            f" judge a forecast by; it takes {_FEWEST_ORIGINS}."
        )
    filled = fill_gaps(history.values, seasons)
    return Past(history.values, filled, seasons, (*reversed(usable), end), horizon)


def _weights(errors: Array) -> Array:
    """By the inverse of the squared error; none for what is several times as far off as the best one."""
    least = float(errors.min())
    if least <= 0:
        return np.asarray((errors == least) / np.sum(errors == least), dtype=np.float64)
    weights = np.where(errors <= _WORSE * least, (least / errors) ** 2, 0.0)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _interval(past: Past, runs: Array, errors: Array) -> tuple[Array, Array]:
    """How far the value lies below and above the blend at each distance: quantiles over the origins and the
    distances within a quarter of the short rhythm, each origin blended by the errors of the others."""
    many = errors.shape[1]
    blends = [
        np.tensordot(_weights(np.delete(errors, at, axis=1).mean(axis=1)), runs[:, at], axes=1)
        for at in range(many)
    ]
    off = past.actual - np.array(blends)
    near = max(past.seasons[0] // 4, 1)
    tail = (1 - COVERED) / 2
    around = [off[:, max(at - near, 0) : at + near + 1] for at in range(past.horizon)]
    ends = np.array([np.nanquantile(one, (tail, 1 - tail)) for one in around])
    return ends[:, 0], ends[:, 1]


def _limits(history: Traffic, past: Past, said: Sequence[Said]) -> list[str]:
    limits = []
    if past.seasons[-1] * history.step < 7 * _DAY:
        limits.append("The history is too short for the rhythm of a week: every day is taken to be alike.")
    if gaps := int(np.sum(np.isnan(history.values))):
        limits.append(f"{gaps} of {len(history.values)} steps were not measured; nothing was learnt from them.")
    if said:
        limits.append(_SAID_IS_UNSURE)
    return limits


def _days(time: timedelta) -> str:
    days = time / _DAY
    return f"{days:.0f} days" if days >= 1.5 else f"{time / timedelta(hours=1):.0f} hours"
