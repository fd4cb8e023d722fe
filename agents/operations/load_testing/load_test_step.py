"""The kinds of steps of a load test: begin, and watch until it is over.

The watch is work and no wait: whatever ends it (a halt, a freeze of the service, a cancel, a pause) ends the
generator within a second. It renews the generator's lease, so that where nothing watches (its worker died, it
waits while all is halted, the generator is another machine's) the load ends by itself, and the test is invalid.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from agents import sre
from agents.operations.load_testing.load_test_run import (
    BEGIN_KIND,
    POOL,
    WATCH_KIND,
    grant_of,
    load_test_of,
    objectives_of,
    show_load_test,
    submitted,
)
from agents.operations.load_testing.load_verdict import judge_load
from agents.operations.measured_traffic import busiest_share
from agents.work.kinds import ActionStep, Json, Step, StepFailed, Worker, WorkStep
from agents.work.runs import run_for_update
from governance.action import Action
from integrations.load import LEASE_SECONDS, MOST_SECONDS, NoSuchRun, Plan, Second, State
from integrations.load.actions import RunLoadTest
from integrations.metrics import Metrics, MetricsError
from storage.look import Away

LOOKED_EVERY = 2.0
"""Seconds between two looks at the generator, and renewals of its lease."""

MOST_POINTS = 600
"""A test is shown at so many points in time at most."""

_SCRAPED_EVERY = timedelta(seconds=15)
_METERED_FOR = timedelta(seconds=60)


async def _watch(step: Step, worker: Worker) -> Json:
    """Show how it goes until it is over, then judge it and keep what it showed."""
    async with worker.transaction() as tx:
        row, grant = await load_test_of(tx, step.run), await grant_of(tx, step.run)
    if grant is None:
        raise StepFailed("No load was begun.")
    action, load = submitted(row), worker.ports.load
    points = Points.of(action.plan)
    try:
        while (progress := await load.progress(grant)).state is State.RUNNING:
            await load.renew(grant)
            await _keep(step, worker, await asyncio.to_thread(points.added, progress.seconds))
            await asyncio.sleep(LOOKED_EVERY)
    except NoSuchRun as missing:
        ends = f"Nobody here can watch it, so it ends by itself within {LEASE_SECONDS:g} s."
        raise StepFailed(f"{missing}. {ends}") from missing
    await _keep(step, worker, await asyncio.to_thread(points.added, progress.seconds))
    pool_used = await _pool_used(worker.ports.metrics, action, worker.now())
    result = await asyncio.to_thread(judge_load, progress, objectives_of(action), pool_used)
    async with worker.transaction() as tx:
        kept = await load_test_of(tx, step.run, lock=True)
        if kept.verdict is None:  # nobody else has judged it meanwhile
            kept.verdict, kept.result = result.verdict.value, result.dump()
            kept.stood = kept.stood or worker.now()
    return {"verdict": result.verdict.value, "why": result.why}


async def _keep(step: Step, worker: Worker, seen: list[dict[str, float]], *, stands: bool = False) -> None:
    """What was seen so far, and a card that shows it; `stands` says that nothing is sent any more. The run is
    locked before the test, as everywhere."""
    async with worker.transaction() as tx:
        run = await run_for_update(tx, step.run)
        row = await load_test_of(tx, step.run, lock=True)
        is_news = stands and row.stood is None
        if is_news:
            row.stood = worker.now()
        if seen and seen != row.seconds:
            row.seconds, is_news = seen, True
        if is_news:
            await show_load_test(tx, run)


@dataclass(slots=True)
class Points:
    """A load as it is shown over time: each point is `width` seconds from `second` on, of which `lasted` were
    seen; what was sent, answered and failed in them, of all stages, and p95 in ms of the slowest second (left
    out where nothing came back)."""

    width: int
    taken: int = 0
    at: dict[int, dict[str, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan) -> Points:
        """No more than MOST_POINTS of a plan."""
        return cls(max(1, ceil(plan.seconds / MOST_POINTS)))

    def added(self, seconds: Sequence[Second]) -> list[dict[str, float]]:
        """All points, once those of `seconds` are added that were not seen before: it grows at its end."""
        for one in seconds[self.taken :]:
            start = one.second // self.width * self.width
            at = self.at.setdefault(
                start, {"second": start, "lasted": 0, "sent": 0, "answered": 0, "failed": 0}
            )
            at["lasted"] = max(at["lasted"], one.second - start + 1)
            at["sent"] += one.sent
            at["answered"] += one.answered
            at["failed"] += one.failed
            if one.latency.count:
                at["p95"] = max(at.get("p95", 0.0), 1000 * one.latency.quantile(0.95))
        self.taken = max(self.taken, len(seconds))
        return [dict(self.at[start]) for start in sorted(self.at)]


async def _pool_used(metrics: Metrics, action: RunLoadTest, end: datetime) -> float | None:
    """The greatest share of the service's pool that was in use in a test that ended then, as far as it was
    measured."""
    length = max(_METERED_FOR, timedelta(seconds=action.plan.seconds))
    try:
        return await busiest_share(metrics, action.target, end, length, _SCRAPED_EVERY)
    except (Away, MetricsError):
        return None


async def _end(step: Step, worker: Worker) -> None:
    """Send no more. Where the generator is another machine's it is left to its lease."""
    async with worker.transaction() as tx:
        row, grant = await load_test_of(tx, step.run), await grant_of(tx, step.run)
    if grant is None:
        return
    try:
        progress = await worker.ports.load.stop_load(grant)
    except NoSuchRun:
        return
    points = Points.of(submitted(row).plan)
    await _keep(step, worker, await asyncio.to_thread(points.added, progress.seconds), stands=True)


def _begin(step: Step) -> Action:
    return RunLoadTest.of_body(step.args)


_ACTOR = sre.ROLE.name
LOAD_TEST_BEGIN = ActionStep(BEGIN_KIND, _ACTOR, _begin, pool=POOL)
WATCH = WorkStep(
    WATCH_KIND,
    _ACTOR,
    _watch,
    cancel=_end,
    longest=timedelta(seconds=MOST_SECONDS) + timedelta(minutes=5),
    pool=POOL,
)
KINDS = (LOAD_TEST_BEGIN, WATCH)
