"""Is a service as it usually is? Its last half minute beside the hour before.

Where metrics are coarser than that, two of their windows stand for it. Nothing measured, or too few requests,
is *unknown*: never well, never worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import isfinite
from statistics import median

from integrations.deployments import Target
from integrations.metrics import Answer, Measure, Metrics, MetricsQuery, Series

STEP = timedelta(seconds=15)
LEAST_REQUESTS = 10
LEAST_FAILED = 3
"""One error at low traffic is no incident."""

USUAL = timedelta(minutes=45)
_WINDOWS = 2
_BLOCK = timedelta(minutes=5)
_SLOWER, _SLOWER_SECONDS = 1.5, 0.01
_MORE_OFTEN, _MORE_SHARE = 3.0, 0.02
_BAD_SHARE = 0.05
"""Where nothing usual is known."""


Span = tuple[datetime, datetime]


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
    """`now`, for as long as `lasting` before `as_of`, beside what is `usual`; `queries` say where the figures
    come from."""

    state: State
    now: Level
    usual: Level
    as_of: datetime
    lasting: timedelta
    queries: tuple[str, ...]


async def look(
    metrics: Metrics, target: Target, since: datetime, now: datetime, incidents: Sequence[Span] = ()
) -> Health:
    """How a service is now, beside how it was in the time before `since`, however long ago that is: but for the
    spans of `incidents`, which are nothing usual, where anything else is left. Raises MetricsError,
    storage.look.Away."""
    first = since - USUAL
    usual_step = step_of(metrics, now - first)
    times = (first, since - usual_step, usual_step)
    usual, before = await _level(metrics, target, times, incidents)
    if incidents and usual.requests < LEAST_REQUESTS:
        usual, before = await _level(metrics, target, times, ())
    step = step_of(metrics)
    latest, queries = await _level(metrics, target, (now - (_WINDOWS - 1) * step, now, step))
    return Health(state_of(latest, usual), latest, usual, now, _WINDOWS * step, (*before, *queries))


def coarser(metrics: Metrics) -> timedelta:
    """By how much longer than half a minute what `look` takes for now goes back."""
    return _WINDOWS * (step_of(metrics) - STEP)


def step_of(metrics: Metrics, age: timedelta = timedelta(0)) -> timedelta:
    """Of windows that share nothing, as far back as that: a request counts in one of them."""
    return max(STEP, metrics.resolution.window(age))


async def _level(
    metrics: Metrics,
    target: Target,
    times: tuple[datetime, datetime, timedelta],
    besides: Sequence[Span] | None = None,
) -> tuple[Level, tuple[str, ...]]:
    """Windows one after the other, by when the first and the last one end and how long each is; and the queries
    that say so. With spans it is what is usual: without the windows that touch one of them, and of shares the
    median of some minutes each, for an alert may come long after it has begun."""
    first, last, step = times
    answers = [
        await metrics.series(MetricsQuery(measure, first, last, step, target.service, target.stage))
        for measure in (Measure.REQUESTS, Measure.FAILED, Measure.LATENCY_P95)
    ]
    # Whatever touches a span is left out.
    around = [(begin, end + step) for begin, end in besides or ()]
    requests, failed, p95 = (values_of(answer, around) for answer in answers)
    count = sum(requests) * step.total_seconds()
    if besides is None:
        share = sum(failed) / sum(requests) if count > 0 and failed else None
    else:
        share = _usual_share(answers[0], answers[1], around)
    level = Level(
        requests=round(count, 1),
        failed=share,
        p95=median(p95) if p95 else None,
    )
    return level, tuple(answer.source for answer in answers)


def _usual_share(requests: Answer, failed: Answer, besides: Sequence[Span]) -> float | None:
    """The median of the shares that failed, each of `_BLOCK`."""
    asked, bad = _by_time(requests, besides), _by_time(failed, besides)
    blocks: dict[int, tuple[float, float]] = {}
    for at in asked.keys() & bad.keys():
        block = int(at.timestamp() // _BLOCK.total_seconds())
        a, b = blocks.get(block, (0.0, 0.0))
        blocks[block] = a + asked[at], b + bad[at]
    shares = [b / a for a, b in blocks.values() if a > 0]
    return median(shares) if shares else None


def _by_time(answer: Answer, besides: Sequence[Span]) -> dict[datetime, float]:
    return {
        at: value
        for one in answer.series
        for at, value in zip(one.times, one.values, strict=True)
        if isfinite(value) and not any(begin < at < end for begin, end in besides)
    }


def values_of(found: Answer | Series, besides: Sequence[Span] = ()) -> list[float]:
    """What is known of it, but for the times within one of the spans."""
    series = found.series if isinstance(found, Answer) else (found,)
    known = [(at, value) for one in series for at, value in zip(one.times, one.values, strict=True)]
    return [
        value for at, value in known if isfinite(value) and not any(begin < at < end for begin, end in besides)
    ]


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
