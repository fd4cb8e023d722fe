"""The kinds of steps of a load test: begin, and watch until it is over.

The watch is work and no wait: whatever ends it (a halt, a freeze of the service, a cancel, a pause) ends the
generator within a second. Where its worker dies, the next one finds a generator that died with whoever began
it, and the test is invalid.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from agents import sre
from agents.operations.load_testing.load_test_run import (
    BEGIN_KIND,
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
from integrations.load import MOST_SECONDS, NoSuchRun, Progress, Second, State
from integrations.load.actions import RunLoadTest
from integrations.metrics import Metrics, MetricsError
from storage.look import Away

LOOKED_EVERY = 2.0
"""Seconds between two looks at the generator."""

_POOL = "load_tests"
_SCRAPED_EVERY = timedelta(seconds=15)
_METERED_FOR = timedelta(seconds=60)


async def _watch(step: Step, worker: Worker) -> Json:
    """Show how it goes until it is over, then judge it and keep what it showed."""
    async with worker.transaction() as tx:
        row, grant = await load_test_of(tx, step.run), await grant_of(tx, step.run)
    if grant is None:
        raise StepFailed("No load was begun.")
    action = submitted(row)
    try:
        while (progress := await worker.ports.load.progress(grant)).state is State.RUNNING:
            await _keep(step, worker, progress)
            await asyncio.sleep(LOOKED_EVERY)
    except NoSuchRun as missing:
        raise StepFailed(f"{missing}.") from missing
    await _keep(step, worker, progress)
    pool_used = await _pool_used(worker.ports.metrics, action, worker.now())
    result = await asyncio.to_thread(judge_load, progress, objectives_of(action), pool_used)
    async with worker.transaction() as tx:
        kept = await load_test_of(tx, step.run, lock=True)
        if kept.verdict is None:  # nobody else has judged it meanwhile
            kept.verdict, kept.result = result.verdict.value, result.dump()
    return {"verdict": result.verdict.value, "why": result.why}


async def _keep(step: Step, worker: Worker, progress: Progress) -> None:
    """What was seen so far, and a card that shows it. The run is locked before the test, as everywhere."""
    seen = seconds_seen(progress.seconds)
    async with worker.transaction() as tx:
        run = await run_for_update(tx, step.run)
        row = await load_test_of(tx, step.run, lock=True)
        if len(seen) > len(row.seconds):
            row.seconds = seen
            await show_load_test(tx, run)


def seconds_seen(seconds: Iterable[Second]) -> list[dict[str, float]]:
    """The seconds of a load, those of two stages together; p95 in ms, and left out where nothing came back."""
    found: dict[int, dict[str, float]] = {}
    for one in sorted(seconds, key=lambda one: one.second):
        at = found.setdefault(one.second, {"second": one.second, "sent": 0, "answered": 0, "failed": 0})
        at["sent"] += one.sent
        at["answered"] += one.answered
        at["failed"] += one.failed
        if one.latency.count:
            at["p95"] = max(at.get("p95", 0.0), 1000 * one.latency.quantile(0.95))
    return list(found.values())


async def _pool_used(metrics: Metrics, action: RunLoadTest, end: datetime) -> float | None:
    """The greatest share of the service's pool that was in use in a test that ended then, as far as it was
    measured."""
    length = max(_METERED_FOR, timedelta(seconds=action.plan.seconds))
    try:
        return await busiest_share(metrics, action.target, end, length, _SCRAPED_EVERY)
    except (Away, MetricsError):
        return None


async def _end(step: Step, worker: Worker) -> None:
    """Send no more."""
    async with worker.transaction() as tx:
        grant = await grant_of(tx, step.run)
    if grant is None:
        return
    try:
        progress = await worker.ports.load.stop_load(grant)
    except NoSuchRun:
        return
    await _keep(step, worker, progress)


def _begin(step: Step) -> Action:
    fields = {name: value for name, value in step.args.items() if name not in ("type", "decision_type")}
    return RunLoadTest.model_validate(fields)


_ACTOR = sre.ROLE.name
LOAD_TEST_BEGIN = ActionStep(BEGIN_KIND, _ACTOR, _begin)
WATCH = WorkStep(
    WATCH_KIND,
    _ACTOR,
    _watch,
    cancel=_end,
    longest=timedelta(seconds=MOST_SECONDS) + timedelta(minutes=5),
    pool=_POOL,
)
KINDS = (LOAD_TEST_BEGIN, WATCH)
