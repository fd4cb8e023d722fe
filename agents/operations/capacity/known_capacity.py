"""What is known of a service's capacity: what it carried under load, and what it holds of its database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.capacity.scalability import FEWEST_LOADS, Scalability, fit_scalability, proportional
from agents.operations.capacity.sizing import Carried, Database
from agents.operations.load_testing.load_test_run import submitted
from agents.operations.load_testing.load_verdict import LoadVerdict, load_result
from agents.operations.load_testing.tables import LoadTestRow
from agents.operations.measured_traffic import measured, whole_minute
from integrations.deployments import Stage, Target
from integrations.metrics import Measure, Metrics

_TESTS = 20


async def carried(tx: AsyncSession, service: str, version: str) -> Carried | None:
    """What the judged load tests of a service in staging show: those of `version`, or where it was not tested
    of the release that was tested last. None without any."""
    judged = LoadTestRow.verdict.in_((LoadVerdict.PASSED.value, LoadVerdict.FAILED.value))
    query = select(LoadTestRow).where(LoadTestRow.service == service, judged, LoadTestRow.replicas > 0)
    rows = (await tx.execute(query.order_by(LoadTestRow.created.desc()).limit(_TESTS))).scalars()
    return carried_in([JudgedLoad.of(row) for row in rows], version)


@dataclass(frozen=True, slots=True)
class JudgedLoad:
    """What one judged load test showed: the highest rate that was `held` before the one that `broke` it."""

    version: str | None
    path: str
    replicas: int
    held: float | None
    broke: float | None

    @classmethod
    def of(cls, row: LoadTestRow) -> JudgedLoad:
        """What a test's row says."""
        if row.result is None:
            raise ValueError("a test without a result is not judged")
        result = load_result(row.result)
        action = submitted(row)
        return cls(action.version, action.asks, row.replicas, result.held, result.broke)


def carried_in(tests: Sequence[JudgedLoad], version: str) -> Carried | None:
    """What these tests show together, the newest first. Only tests of one release at one path are of the same
    thing: those of `version` at the path that was tested last, else those like the newest test.

    For each number of replicas the highest rate that was held counts. It is what they carry where a higher one
    broke them, and no more than the least that they carry where none did. One number of replicas is taken to be
    proportional.
    """
    of_a_release = [test for test in tests if test.version is not None and test.held is not None]
    newest = next((test for test in of_a_release if test.version == version), next(iter(of_a_release), None))
    if newest is None or newest.version is None:
        return None
    same = [test for test in tests if (test.version, test.path) == (newest.version, newest.path)]
    held: dict[int, float] = {}
    broke: dict[int, float] = {}
    for test in same:
        held[test.replicas] = max(held.get(test.replicas, 0.0), test.held or 0.0)
        broke[test.replicas] = max(broke.get(test.replicas, 0.0), test.broke or 0.0)
    limits = {replicas: most for replicas, most in sorted(held.items()) if broke[replicas] > most > 0}
    at_least = max(
        ((most, replicas) for replicas, most in held.items() if replicas not in limits), default=None
    )
    return Carried(
        version=newest.version,
        path=newest.path,
        law=_law(limits) if limits else None,
        at_least=None if at_least is None else (at_least[1], at_least[0]),
    )


def _law(limits: Mapping[int, float]) -> Scalability:
    if len(limits) >= FEWEST_LOADS:
        return fit_scalability([(float(replicas), most) for replicas, most in limits.items()])
    largest = max(limits)
    return proportional(float(largest), limits[largest])


async def database_of(metrics: Metrics, service: str, now: datetime) -> Database | None:
    """What a service takes of its database in production, by the last day; None where nobody measured its pool.

    A replica's pool is all connections by the replicas that answered at the same time, the newest of these: a
    service that was scaled since has others. How long a request holds a connection is what is in use by the
    rate (Little's law). Raises MetricsError, Away.
    """
    target, end = Target(service, Stage.PRODUCTION), whole_minute(now)
    sizes = await measured(metrics, Measure.POOL_SIZE, target, end)
    replicas = await measured(metrics, Measure.REPLICAS, target, end)
    if len(sizes) != len(replicas):
        return None
    known = np.flatnonzero(np.isfinite(sizes) & (sizes > 0) & np.isfinite(replicas) & (replicas > 0))
    if not len(known):
        return None
    newest = int(known[-1])
    in_use = await measured(metrics, Measure.POOL_IN_USE, target, end)
    rate = await measured(metrics, Measure.REQUESTS, target, end)
    held = None
    if len(in_use) == len(rate):
        both = np.isfinite(in_use) & np.isfinite(rate) & (rate > 0)
        held = float(in_use[both].sum() / rate[both].sum()) if both.any() else None
    return Database(pool=max(round(float(sizes[newest] / replicas[newest])), 1), held_seconds=held)
