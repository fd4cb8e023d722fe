"""What is known of a service's capacity: what it carried under load, and what it holds of its database."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.load_testing.load_verdict import LoadVerdict, load_result
from agents.operations.load_testing.tables import LoadTestRow
from agents.operations.measured_traffic import measured, whole_minute
from agents.operations.scalability import FEWEST_LOADS, Scalability, fit_scalability, proportional
from agents.operations.sizing import Database
from integrations.deployments import Stage, Target
from integrations.metrics import Measure, Metrics

_TESTS = 20


async def carried(tx: AsyncSession, service: str) -> Scalability | None:
    """What the service carried in staging by its replicas there: the highest rate that a judged load test held,
    for each number of replicas the newest test's. One number is taken to be proportional; None without any."""
    judged = LoadTestRow.verdict.in_((LoadVerdict.PASSED.value, LoadVerdict.FAILED.value))
    query = select(LoadTestRow).where(LoadTestRow.service == service, judged, LoadTestRow.replicas > 0)
    found: dict[int, float] = {}
    for row in (await tx.execute(query.order_by(LoadTestRow.created.desc()).limit(_TESTS))).scalars():
        held = None if row.result is None else load_result(row.result).held
        if held is not None:
            found.setdefault(row.replicas, held)
    if not found:
        return None
    if len(found) >= FEWEST_LOADS:
        return fit_scalability([(float(replicas), held) for replicas, held in sorted(found.items())])
    most = max(found)
    return proportional(float(most), found[most])


async def database_of(metrics: Metrics, service: str, replicas: int, now: datetime) -> Database | None:
    """What a service takes of its database in production, by the last day; None where nobody measured its pool.
    How long a request holds a connection is what is in use by the rate (Little's law). Raises MetricsError,
    Away."""
    target, end = Target(service, Stage.PRODUCTION), whole_minute(now)
    sizes = await measured(metrics, Measure.POOL_SIZE, target, end)
    sizes = sizes[np.isfinite(sizes)]
    if not len(sizes) or replicas < 1:
        return None
    in_use = await measured(metrics, Measure.POOL_IN_USE, target, end)
    rate = await measured(metrics, Measure.REQUESTS, target, end)
    held = None
    if len(in_use) == len(rate):
        both = np.isfinite(in_use) & np.isfinite(rate) & (rate > 0)
        if both.any():
            held = float(in_use[both].sum() / rate[both].sum())
    return Database(pool=round(float(np.median(sizes)) / replicas), held_seconds=held)
