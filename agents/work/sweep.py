"""What nobody is at any more: steps whose worker died, runs whose next look was lost, jobs that gave up."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.work.claims import LEASE
from agents.work.runs import go_on, queue_step, release, run_for_update, show
from agents.work.tables import ENDED, OVER, RunRow, StepRow, from_now
from storage.database import locked
from storage.notices import tell_given_up


async def queue_abandoned_steps(tx: AsyncSession) -> int:
    """Queue the steps whose lease is over and the waits whose time has come. Returns how many."""
    now = func.clock_timestamp()
    late = or_(
        (StepRow.state == "running") & (or_(StepRow.lease.is_(None), StepRow.lease < now)),
        (StepRow.state == "asleep") & (StepRow.wake < now),
    )
    found = (await tx.execute(select(StepRow).where(late).limit(500))).scalars().all()
    for step in found:
        await queue_step(tx, step)
    return len(found)


async def queue_left_steps(tx: AsyncSession) -> None:
    """Queue steps that their workers have not renewed for half a lease, for when those leases are over.

    For a job that finds nothing to do: a worker that died may have left it, with its step still held, or with
    another step that it had taken in the place of one that was done.
    """
    left = (StepRow.state == "running", StepRow.worker.is_not(None), StepRow.lease < from_now(LEASE / 2))
    for step in (await tx.execute(select(StepRow).where(*left).limit(500))).scalars().all():
        await queue_step(tx, step, at=step.lease)


async def queue_standing_runs(tx: AsyncSession) -> int:
    """Queue the look at runs that go on while none of their steps does. Returns how many.

    They are locked in the order of their ids, so that two sweeps do not wait for each other.
    """
    busy = select(StepRow.run).where(StepRow.state.in_(("running", "submitted")))
    standing = select(RunRow.id).where(RunRow.state == "running", RunRow.id.not_in(busy))
    runs = (await tx.execute(standing.order_by(RunRow.id))).scalars().all()
    for run in runs:
        await go_on(tx, await run_for_update(tx, run))
    return len(runs)


async def run_given_up(tx: AsyncSession, run_id: str) -> None:
    """Pause a run that cannot go on, and tell whoever asked for it."""
    run = await run_for_update(tx, run_id)
    if run.state in ENDED:
        return
    run.state, run.why = "paused", "Its next step could not be begun: something went wrong on my side."
    await show(tx, run)
    await tell_given_up(
        tx,
        f"run:{run.id}",
        f"“{run.title}” is paused. {run.why}",
        "What is done stays. Resume it to try again; whoever runs Countersign finds the fault in the log.",
        place=run.place,
        people=(run.requester,) if run.requester else (),
        turn=run.turn,
    )


async def step_given_up(tx: AsyncSession, run_id: str, key: str, now: datetime) -> None:
    """End a step that fails before it is tried; its run takes note."""
    run = await run_for_update(tx, run_id)
    query = select(StepRow).where(StepRow.run == run_id, StepRow.key == key)
    step = (await tx.execute(locked(query))).scalar()
    if step is None or step.state in OVER:
        return
    step.state, step.finished, step.worker, step.lease = "failed", now, None, None
    step.detail = "It could not be tried: something went wrong on my side."
    await release(tx, step)
    await go_on(tx, run)
