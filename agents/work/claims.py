"""Who has a step: taken by a worker under a lease, and given back.

Locks are taken in one order: the run's row, then the step's; nobody waits for a run's row while holding a
step's. Where a run's row is locked, nobody else takes, ends or adds steps of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate

from agents.work.kinds import ActionStep, Step, WaitStep, WorkStep
from agents.work.runs import go_on, release
from agents.work.scheduler import Scheduler, StepBefore, as_step
from agents.work.tables import OVER, RunRow, StepRow, from_now
from governance.authority.explain import paused
from governance.overrides.rows import read_standing
from governance.people import Actor
from governance.standing import FreezeKind, Standing
from storage import direct
from storage.database import tenant_of

LEASE = timedelta(seconds=6)
_STOPPED_FOR = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Claim:
    """A step that a worker has."""

    step: Step
    kind: WorkStep | WaitStep
    worker: str
    since: float
    """When it was taken, by `time.monotonic`: no later than its lease began."""
    actor: str
    configured: datetime | None
    """When the agent whose step it is was set last, as this worker knows it."""
    ends: bool = False
    """Whether the run is over and what was started outside is only to be ended."""


async def both_for_update(tx: AsyncSession, run: str, key: str) -> tuple[RunRow, StepRow]:
    """A run and one of its steps, locked in this order until `tx` ends. Raises NoResultFound."""
    # Of a joined row PostgreSQL locks the parts in the order in which their tables stand in FROM.
    query = (
        select(RunRow, StepRow)
        .join(StepRow, (StepRow.tenant == RunRow.tenant) & (StepRow.run == RunRow.id))
        .where(RunRow.id == run, StepRow.key == key)
    )
    both = query.with_for_update().execution_options(populate_existing=True)
    found = (await tx.execute(both)).one()
    return found[0], found[1]


async def take(
    tx: AsyncSession, scheduler: Scheduler, worker: str, now: datetime, run_id: str, key: str
) -> Claim | None:
    """Take a step for a worker; None for one that is somebody else's, over, or not to be done now."""
    run, row = await both_for_update(tx, run_id, key)
    if row.state in OVER or row.state == "submitted" or (row.state == "running" and await _is_held(tx, row)):
        return None
    kind = scheduler.kinds[row.kind]
    if isinstance(kind, ActionStep):
        return None
    ends = run.state == "cancelled"
    if not ends and (run.state != "running" or row.state not in ("running", "asleep")):
        return None
    if not ends and (why := await _kept_waiting(tx, run, row.actor, now)) is not None:
        await put_off(tx, run, row, why, now)
        return None
    if row.state == "running":
        row.attempt += 1
    since = monotonic()
    if row.taken is not None and row.lease is not None:  # whoever had it died, and worked until about then
        row.worked += max((row.lease - row.taken).total_seconds(), 0.0)
    row.state, row.worker, row.lease, row.wake = "running", worker, from_now(LEASE), None
    row.taken = from_now(timedelta())
    needed = select(StepRow).where(StepRow.run == run_id, StepRow.key.in_(row.depends_on))
    before = (await tx.execute(needed)).scalars().all() if row.depends_on else ()
    known = {one.key: StepBefore(one.state, one.kind, one.title, one.result) for one in before}
    configured = await configured_at(tx, row.actor)
    return Claim(as_step(tenant_of(tx), run, row, known), kind, worker, since, row.actor, configured, ends)


async def _is_held(tx: AsyncSession, row: StepRow) -> bool:
    """Whether a worker has the step, and its lease is not over by now."""
    if row.worker is None or row.lease is None:
        return False
    (held,) = await direct.row(tx, "SELECT clock_timestamp() < %(lease)s", {"lease": row.lease})
    return bool(held)


async def give_back(tx: AsyncSession, claim: Claim) -> tuple[RunRow, StepRow] | None:
    """The step without its worker, and its run, both locked; None where another worker has it by now."""
    run, row = await both_for_update(tx, claim.step.run, claim.step.key)
    if row.state != "running" or (row.worker, row.attempt) != (claim.worker, claim.step.attempt):
        return None
    row.worker = row.lease = row.taken = None
    row.worked += monotonic() - claim.since
    return run, row


async def put_off(tx: AsyncSession, run: RunRow, row: StepRow, why: str, now: datetime) -> None:
    """Nothing of it is begun while a halt, a freeze or a pause of its agent stands: it is looked at again in a
    few seconds. The run and the step must be locked."""
    row.state, row.wake, row.detail = "waiting", now + _STOPPED_FOR, why
    await release(tx, row)
    await go_on(tx, run, at=row.wake)


def own(claim: Claim) -> ReturningUpdate[tuple[str]]:
    """A change of the step, which finds nothing once it is not this worker's any more."""
    mine = (
        StepRow.run == claim.step.run,
        StepRow.key == claim.step.key,
        StepRow.state == "running",
        StepRow.worker == claim.worker,
        StepRow.attempt == claim.step.attempt,
    )
    return update(StepRow).where(*mine).returning(StepRow.key)


async def configured_at(tx: AsyncSession, agent: str) -> datetime | None:
    """When an agent was set last."""
    changed = "SELECT changed FROM agent_settings WHERE agent = %(agent)s"
    found = await direct.row(tx, changed, {"agent": agent})
    return None if found is None else found[0]


async def _kept_waiting(tx: AsyncSession, run: RunRow, agent: str, now: datetime) -> str | None:
    """Why a step is not begun: what it is about is frozen, or its agent is paused. A pause ends nothing that
    was begun: it is seen at an agent's next move (`heartbeat.WorkerOf.tell`), or at the next step."""
    standing = await read_standing(tx, now)
    pause = standing.pause_of(Actor("agent", agent))
    return _frozen(standing, run) or (None if pause is None else paused(pause))


async def frozen(tx: AsyncSession, run: RunRow, now: datetime) -> str | None:
    """Why nothing of a run goes on, if a freeze stands over what it is about (`plan:…`, `service:…`), over the
    plan that it is done for, or over everything."""
    return _frozen(await read_standing(tx, now), run)


def _frozen(standing: Standing, run: RunRow) -> str | None:
    about = {run.subject, None if run.plan is None else f"{FreezeKind.PLAN.value}:{run.plan}"}
    for freeze in standing.freezes:
        if freeze.kind is FreezeKind.EVERYTHING or f"{freeze.kind.value}:{freeze.scope}" in about:
            return f"It is frozen: {freeze.reason}"
    return None
