"""What presses on a service: connections that are all in use, and services that it waits for in vain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from agents.operations.response.health import step_of, values_of
from integrations.deployments import Target
from integrations.metrics import Dimension, Measure, Metrics, MetricsQuery

LEAST_CALLS = 10

_FULL = 0.95
_USUALLY = timedelta(minutes=45)
_LATELY = timedelta(minutes=1)
"""So long is now: two windows at least, where metrics are coarser."""
_FEWEST_WINDOWS = 2
_IN_VAIN, _WAITS_SECONDS = 0.5, 0.5

_Times = tuple[datetime, datetime, timedelta]


@dataclass(frozen=True, slots=True)
class Pressure:
    """The share of a service's database connections (0 to 1) that is in use now, and usually is; requests a
    second now and usually. None where nobody measures it."""

    in_use: float | None
    usual_in_use: float | None
    requests: float | None
    usual_requests: float | None

    @property
    def is_saturated(self) -> bool:
        """Whether all connections are in use, which they are usually not."""
        if self.in_use is None or self.in_use < _FULL:
            return False
        return self.usual_in_use is None or self.usual_in_use < _FULL

    @property
    def growth(self) -> float:
        """Requests now for each one usually; 1 where that is not known."""
        if not self.requests or not self.usual_requests:
            return 1.0
        return self.requests / self.usual_requests


@dataclass(frozen=True, slots=True)
class Waited:
    """Calls of a service to `callee` in the last windows: the share that failed, and the seconds that one
    took."""

    callee: str
    calls: float
    failed: float
    seconds: float

    @property
    def is_in_vain(self) -> bool:
        """Whether most of them fail, and only after a while: where they fail at once there is nothing to spare
        their caller."""
        return self.calls >= LEAST_CALLS and self.failed >= _IN_VAIN and self.seconds >= _WAITS_SECONDS


def _latest(metrics: Metrics, now: datetime) -> _Times:
    """The windows of now: when the first and the last one end, and how long each is."""
    step = step_of(metrics)
    return now - (max(_LATELY // step, _FEWEST_WINDOWS) - 1) * step, now, step


async def pressure_on(metrics: Metrics, target: Target, since: datetime, now: datetime) -> Pressure:
    """How it presses now, beside the time before `since`. Raises MetricsError, storage.look.Away."""

    async def level(measure: Measure, *times: *_Times) -> float | None:
        query = MetricsQuery(measure, *times, target.service, target.stage)
        found = values_of(await metrics.series(query))
        return median(found) if found else None

    async def in_use(*times: *_Times) -> float | None:
        used = await level(Measure.POOL_IN_USE, *times)
        size = await level(Measure.POOL_SIZE, *times)
        return used / size if used is not None and size else None

    first = since - _USUALLY
    usual_step = step_of(metrics, now - first)
    usually, latest = (first, since - usual_step, usual_step), _latest(metrics, now)
    return Pressure(
        await in_use(*latest),
        await in_use(*usually),
        await level(Measure.REQUESTS, *latest),
        await level(Measure.REQUESTS, *usually),
    )


async def waits_of(metrics: Metrics, caller: Target, now: datetime) -> tuple[Waited, ...]:
    """How a service's calls went, by callee, the longest wait first. Raises MetricsError, storage.look.Away."""
    first, last, step = _latest(metrics, now)

    async def by_callee(measure: Measure) -> dict[str, list[float]]:
        by = (Dimension.CALLEE,)
        query = MetricsQuery(measure, first, last, step, caller.service, caller.stage, by=by)
        found: dict[str, list[float]] = {}
        for one in (await metrics.series(query)).series:
            found.setdefault(one.labels[Dimension.CALLEE], []).extend(values_of(one))
        return found

    calls, failed = await by_callee(Measure.CALLS), await by_callee(Measure.FAILED_CALLS)
    seconds = await by_callee(Measure.CALL_LATENCY_MEAN)
    waited = [
        Waited(
            callee,
            sum(rates) * step.total_seconds(),
            sum(failed.get(callee, ())) / sum(rates),
            median(seconds.get(callee) or [0.0]),
        )
        for callee, rates in calls.items()
        if sum(rates) > 0
    ]
    return tuple(sorted(waited, key=lambda one: -one.seconds))
