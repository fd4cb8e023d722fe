"""What a service served in production, as it was measured: in the last day, and as a history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from agents.operations.capacity.traffic_forecast import Traffic
from integrations.deployments import Stage, Target
from integrations.metrics import Measure, Metrics, MetricsQuery

LOOKED_BACK = timedelta(days=60)

Values = np.ndarray[tuple[int], np.dtype[np.float64]]

_DAY = timedelta(days=1)
_STEP = timedelta(minutes=5)
_HISTORY_STEP = timedelta(hours=1)
_BURSTS_OVER = tuple(timedelta(days=days) for days in (14, 7, 3, 2))
_FEWEST_HOURS = 24


@dataclass(frozen=True, slots=True)
class MeasuredDay:
    """Requests a second of the last day: the average of what was measured, and the highest five minutes.
    `hours` of it were measured at all."""

    mean: float
    peak: float
    hours: float
    as_of: datetime
    source: str


async def measured_day(metrics: Metrics, service: str, now: datetime) -> MeasuredDay | None:
    """The last day of a service in production; None where nobody measured it. Raises MetricsError, Away."""
    end, step = whole_minute(now), _no_shorter(_STEP, metrics, _DAY)
    asked = MetricsQuery(
        Measure.REQUESTS, end - _DAY + step, end, step, service=service, stage=Stage.PRODUCTION
    )
    answer = await metrics.series(asked)
    values = np.array([value for one in answer.series for value in one.values], dtype=np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    hours = len(values) * step / timedelta(hours=1)
    return MeasuredDay(float(values.mean()), float(values.max()), hours, answer.as_of, answer.source)


@dataclass(frozen=True, slots=True)
class Bursts:
    """How many times an hour's average its highest five minutes had: in the middle of `hours` busy hours, and
    at the `high` end of nine of ten."""

    middle: float
    high: float
    hours: int


async def measured_bursts(metrics: Metrics, service: str, now: datetime) -> Bursts | None:
    """How uneven traffic is within an hour, by the busier half of the last two weeks' hours, or of as many days
    as are kept by five minutes; None where less than a day of these was measured. Raises MetricsError, Away."""
    over = next((days for days in _BURSTS_OVER if metrics.resolution.window(days) <= _STEP), None)
    if over is None:
        return None
    end = now.replace(minute=0, second=0, microsecond=0)
    asked = MetricsQuery(
        Measure.REQUESTS, end - over + _STEP, end, _STEP, service=service, stage=Stage.PRODUCTION
    )
    answer = await metrics.series(asked)
    if not answer.series:
        return None
    hours = np.array(answer.series[0].values, dtype=np.float64).reshape(-1, _HISTORY_STEP // _STEP)
    hours = hours[np.isfinite(hours).all(axis=1)]
    means = hours.mean(axis=1)
    is_busy = (means > 0) & (means >= np.median(means)) if len(means) else means > 0
    if int(is_busy.sum()) < _FEWEST_HOURS:
        return None
    times = hours[is_busy].max(axis=1) / means[is_busy]
    return Bursts(float(np.median(times)), float(np.quantile(times, 0.9)), len(times))


async def measured_history(metrics: Metrics, service: str, now: datetime) -> tuple[Traffic, str] | None:
    """Requests a second of a service in production, hour by hour from the first that was measured on, with the
    query; None where nobody measured it. Raises MetricsError, Away."""
    end = now.replace(minute=0, second=0, microsecond=0)
    start, step = end - LOOKED_BACK, _no_shorter(_HISTORY_STEP, metrics, LOOKED_BACK)
    asked = MetricsQuery(Measure.REQUESTS, start, end, step, service=service, stage=Stage.PRODUCTION)
    answer = await metrics.series(asked)
    if not answer.series:
        return None
    values = np.array(answer.series[0].values, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return None
    first = int(known[0])
    # The value at a time is of the window that ends then.
    begins = start + (first - 1) * step
    return Traffic(begins, step, values[first:], Measure.REQUESTS.unit), answer.source


def whole_minute(now: datetime) -> datetime:
    """The same question within a minute: what was looked up once is not looked up again."""
    return now.replace(second=0, microsecond=0)


async def busiest_share(
    metrics: Metrics, target: Target, end: datetime, length: timedelta = _DAY, step: timedelta = _STEP
) -> float | None:
    """The share of a service's database connections that was in use in the busiest window of those that
    `measured` reads; None where nobody measured that. Raises MetricsError, Away."""
    used = await measured(metrics, Measure.POOL_IN_USE, target, end, length, step)
    sizes = await measured(metrics, Measure.POOL_SIZE, target, end, length, step)
    if not len(used) or not len(sizes):
        return None
    known = np.isfinite(used) & np.isfinite(sizes) & (sizes > 0)
    return min(float((used[known] / sizes[known]).max()), 1.0) if known.any() else None


async def measured(
    metrics: Metrics,
    measure: Measure,
    target: Target,
    end: datetime,
    length: timedelta = _DAY,
    step: timedelta = _STEP,
) -> Values:
    """A measure of a service in windows of `step`, one after the other, within the time of `length` before
    `end`, which is now; where metrics are coarser, in longer windows. NaN where it is not known, none where
    nobody measures it. Raises MetricsError, Away."""
    step = _no_shorter(step, metrics, length)
    first = end - (max(length // step, 1) - 1) * step
    asked = MetricsQuery(measure, first, end, step, service=target.service, stage=target.stage)
    return np.array([value for one in (await metrics.series(asked)).series for value in one.values])


def _no_shorter(step: timedelta, metrics: Metrics, length: timedelta) -> timedelta:
    """Windows that share nothing, as far back as that."""
    return max(step, metrics.resolution.window(length))
