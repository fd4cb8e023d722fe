"""Is a service as it usually is? Its last half minute beside the hour before.

Where metrics are coarser than that, two of their windows stand for it. Nothing measured, or too few requests,
is *unknown*: never well, never worse.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import isfinite
from statistics import median

from integrations.deployments import Target
from integrations.metrics import Answer, Measure, Metrics, MetricsQuery

STEP = timedelta(seconds=15)
LEAST_REQUESTS = 10
LEAST_FAILED = 3
"""One error at low traffic is no incident."""

_USUAL = timedelta(minutes=45)
_WINDOWS = 2
_SLOWER, _SLOWER_SECONDS = 1.5, 0.01
_MORE_OFTEN, _MORE_SHARE = 3.0, 0.02
_BAD_SHARE = 0.05
"""Where nothing usual is known."""


class State(StrEnum):
    """What a look says of a service."""

    WELL = "well"
    FAILING = "failing"
    SLOW = "slow"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Level:
    """Requests, the share of them that failed (0 to 1), and the 95th percentile of their latency in seconds;
    None where it is not known."""

    requests: float
    failed: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class Health:
    """`now` beside what is `usual`; `queries` say where the figures come from."""

    state: State
    now: Level
    usual: Level
    as_of: datetime
    queries: tuple[str, ...]


async def look(metrics: Metrics, target: Target, since: datetime, now: datetime) -> Health:
    """How a service is now, beside how it was in the time before `since`, however long ago that is. Raises
    MetricsError, storage.look.Away."""
    first = since - _USUAL
    usual_step = max(STEP, metrics.resolution.window(now - first))
    usual, before = await _level(metrics, target, first, since - usual_step, usual_step)
    step = _step(metrics)
    latest, queries = await _level(metrics, target, now - (_WINDOWS - 1) * step, now, step)
    return Health(state_of(latest, usual), latest, usual, now, (*before, *queries))


def coarser(metrics: Metrics) -> timedelta:
    """By how much longer than half a minute what `look` takes for now goes back."""
    return _WINDOWS * (_step(metrics) - STEP)


def _step(metrics: Metrics) -> timedelta:
    """Windows that share nothing: a request counts in one of them."""
    return max(STEP, metrics.resolution.window())


async def _level(
    metrics: Metrics, target: Target, first: datetime, last: datetime, step: timedelta
) -> tuple[Level, tuple[str, ...]]:
    """The windows that end from `first` to `last`, and the queries that say so."""
    answers = [
        await metrics.series(MetricsQuery(measure, first, last, step, target.service, target.stage))
        for measure in (Measure.REQUESTS, Measure.FAILED, Measure.LATENCY_P95)
    ]
    requests, failed, p95 = (_values(answer) for answer in answers)
    count = sum(requests) * step.total_seconds()
    bad = sum(failed) * step.total_seconds()
    level = Level(
        requests=round(count, 1),
        failed=bad / count if count > 0 and failed else None,
        p95=median(p95) if p95 else None,
    )
    return level, tuple(answer.source for answer in answers)


def _values(answer: Answer) -> list[float]:
    return [value for one in answer.series for value in one.values if isfinite(value)]


def state_of(now: Level, usual: Level) -> State:
    """What a level says beside the usual one."""
    if now.requests < LEAST_REQUESTS or (now.failed is None and now.p95 is None):
        return State.UNKNOWN
    if now.failed is not None and now.failed * now.requests >= LEAST_FAILED:
        if usual.failed is None or usual.requests < LEAST_REQUESTS:
            limit = _BAD_SHARE
        else:
            limit = max(_MORE_OFTEN * usual.failed, usual.failed + _MORE_SHARE)
        if now.failed > limit:
            return State.FAILING
    if now.p95 is not None and usual.p95 is not None and now.p95 > _SLOWER * usual.p95 + _SLOWER_SECONDS:
        return State.SLOW
    return State.WELL
