"""Capacity that stood idle: replicas that ran and that the traffic of the same time did not need."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from agents.operations.capacity.scalability import Scalability
from agents.operations.capacity.sizing import MOST_USED
from agents.operations.measured_traffic import whole_minute
from integrations.deployments import Stage
from integrations.metrics import Measure, Metrics, MetricsQuery

LOOKED_BACK = timedelta(days=7)

_STEP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class IdleCapacity:
    """Replica-hours that were not needed, of those that ran in the `hours` that were measured."""

    replica_hours: float
    hours: float
    as_of: datetime
    source: str


async def idle_capacity(
    metrics: Metrics, service: str, carries: Scalability, now: datetime
) -> IdleCapacity | None:
    """What stood idle of a service in production in the last week, by how much its replicas carry. None where
    nobody measured its traffic and its replicas at the same time. Raises MetricsError, Away.

    Needed are as many as carry the traffic of five minutes with a fifth to spare, and one always is. What was
    not measured counts as neither idle nor needed.
    """
    step = max(_STEP, metrics.resolution.window(LOOKED_BACK))
    end = whole_minute(now)

    def asked(measure: Measure) -> MetricsQuery:
        return MetricsQuery(
            measure, end - LOOKED_BACK + step, end, step, service=service, stage=Stage.PRODUCTION
        )

    requests = await metrics.series(asked(Measure.REQUESTS))
    replicas = await metrics.series(asked(Measure.REPLICAS))
    if not requests.series or not replicas.series:
        return None
    rates = np.array(requests.series[0].values, dtype=np.float64)
    running = np.array(replicas.series[0].values, dtype=np.float64)
    if len(rates) != len(running):
        return None
    known = np.isfinite(rates) & np.isfinite(running) & (running > 0)
    if not known.any():
        return None
    idle = running[known] - _needed(rates[known], carries, int(np.ceil(running[known].max())))
    a_step = step / timedelta(hours=1)
    return IdleCapacity(
        replica_hours=float(np.maximum(idle, 0).sum() * a_step),
        hours=float(known.sum() * a_step),
        as_of=requests.as_of,
        source=f"{requests.source}; {replicas.source}",
    )


def _needed(
    rates: np.ndarray[tuple[int], np.dtype[np.float64]], carries: Scalability, most: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """How many replicas carry each rate; one more than `most` where these do not."""
    carried = np.maximum.accumulate([MOST_USED * carries.throughput(n) for n in range(1, most + 1)])
    return np.asarray(np.searchsorted(carried, rates) + 1, dtype=np.float64)
