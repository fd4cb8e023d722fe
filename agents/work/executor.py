"""Doing one step outside any transaction: claimed by a lease, kept by a heartbeat, ended by whatever ends
its run.

| the worker dies …                      | row says           | what comes next                              |
|----------------------------------------|--------------------|----------------------------------------------|
| before it claims                       | running, old lease | the sweep queues it; another claims          |
| in the middle of the work              | running, old lease | the same, one attempt more, with its cursor  |
| after `start`, before the cursor is kept | running, no cursor | `find` asks outside for what has this token |
| after the work, before its end commits | running, old lease | the work is done again: it must bear that    |
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate

from agents.work.kinds import (
    ActionStep,
    Json,
    NewStep,
    Over,
    Step,
    StepFailed,
    Still,
    WaitStep,
    WorkStep,
)
from agents.work.runs import add_steps, go_on, release, run_for_update
from agents.work.scheduler import Scheduler, as_step, utc_now
from agents.work.tables import OVER, RunRow, StepRow
from governance.fence import FenceUnreadable, Halted
from governance.overrides.rows import read_standing
from governance.standing import FreezeKind
from storage.database import Database, locked

LEASE = timedelta(seconds=6)
_STOPPED_FOR = timedelta(seconds=5)
BEAT_SECONDS = 0.4
"""How often a worker looks whether its step still is its own, and whether its run still goes on."""

_log = structlog.get_logger()


class Stopped(Exception):
    """The step's run was paused, cancelled or frozen, or another worker has the step. The text says which."""


@dataclass(frozen=True, slots=True)
class _Claim:
    step: Step
    kind: WorkStep | WaitStep
    worker: str
    ends: bool
    """Whether the run is over and what was started outside is only to be ended."""


@dataclass(frozen=True, slots=True)
class Executor:
    """Does steps, for one process. `agent_work` marks agents' work, so that a halt ends it with Halted."""

    database: Database
    scheduler: Scheduler
    agent_work: Callable[[str], AbstractAsyncContextManager[None]]
    process: str
    clock: Callable[[], datetime] = utc_now
    beat_seconds: float = BEAT_SECONDS

    async def do(self, tenant: str, run: str, key: str) -> None:
        """Bring one step forward, and then what comes after it in its run, as long as something does.

        Does nothing for one that is somebody else's, over, or not to be done now.
        """
        following: str | None = key
        while following is not None:
            following = await self._do(tenant, run, following)

    async def _do(self, tenant: str, run: str, key: str) -> str | None:
        """Bring one step forward. Returns the next of its run that is this worker's to do."""
        claim = await self._claim(tenant, run, key)
        if claim is None:
            return None
        with structlog.contextvars.bound_contextvars(run=run, step=key):
            if claim.ends:
                return await self._cancelled(tenant, claim)
            try:
                async with self.agent_work(tenant), self._beating(tenant, claim):
                    ended = await self._done(tenant, claim)
            except (Halted, FenceUnreadable, Stopped) as stopped:
                return await self._put_back(tenant, claim, str(stopped) or "All agents are halted.")
            except StepFailed as failed:
                return await self._failed(tenant, claim, str(failed), again=False)
            except Exception as fault:  # noqa: BLE001 — it ends or repeats its step, not the worker
                _log.exception("step_failed")
                why = f"Something went wrong ({type(fault).__name__})."
                return await self._failed(tenant, claim, why, again=True)
            return await self._ended(tenant, claim, ended)

    async def _claim(self, tenant: str, run_id: str, key: str) -> _Claim | None:
        async with self.database.transaction(tenant) as tx:
            run = await run_for_update(tx, run_id)
            row = await _step_for_update(tx, run_id, key)
            now = self.clock()
            held = row.worker is not None and row.lease is not None and row.lease > now
            if row.state in OVER or row.state == "submitted" or (row.state == "running" and held):
                return None
            kind = self.scheduler.kinds[row.kind]
            if isinstance(kind, ActionStep):
                return None
            ends = run.state == "cancelled"
            if not ends and (run.state != "running" or row.state not in ("running", "asleep")):
                return None
            if not ends and (frozen := await _frozen(tx, run.subject, now)) is not None:
                await self._wait(tx, run, row, frozen)
                return None
            if row.state == "running":
                row.attempt += 1
            row.state, row.worker, row.lease, row.wake = "running", self.process, now + LEASE, None
            needed = select(StepRow).where(StepRow.run == run_id, StepRow.key.in_(row.depends_on))
            before = (await tx.execute(needed)).scalars().all() if row.depends_on else ()
            return _Claim(as_step(tenant, run, row, before), kind, self.process, ends)

    async def _done(self, tenant: str, claim: _Claim) -> Json | Still:
        step, kind = claim.step, claim.kind
        if isinstance(kind, WorkStep):
            try:
                async with asyncio.timeout(kind.longest.total_seconds()):
                    return await kind.work(step, _Worker(self, tenant, claim))
            except TimeoutError:
                raise StepFailed(f"It was not done after {kind.longest}.") from None
        if kind.start is not None and step.cursor is None:
            found = await kind.find(step) if kind.find is not None else None
            cursor = found if found is not None else await kind.start(step)
            await self._keep(tenant, claim, cursor=dict(cursor))
            step = replace(step, cursor=cursor)
        polled = await kind.poll(step)
        return polled.result if isinstance(polled, Over) else polled

    @asynccontextmanager
    async def _beating(self, tenant: str, claim: _Claim) -> AsyncIterator[None]:
        """While the block runs its lease is renewed; it is cancelled with Stopped once the step is not ours."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a step is done in a task")
        why: list[str] = []

        async def beat() -> None:
            while True:
                await asyncio.sleep(self.beat_seconds)
                if (stopped := await self._what_stops(tenant, claim)) is not None:
                    why.append(stopped)
                    task.cancel()
                    return

        beating = asyncio.create_task(beat())
        try:
            yield
        except asyncio.CancelledError:
            if not why:
                raise
            task.uncancel()
            raise Stopped(why[0]) from None
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating

    async def _what_stops(self, tenant: str, claim: _Claim) -> str | None:
        async with self.database.transaction(tenant) as tx:
            mine = (await tx.execute(_mine(claim).values(lease=self.clock() + LEASE))).scalar()
            if mine is None:
                return "Another worker has taken it over."
            run = (await tx.execute(select(RunRow).where(RunRow.id == claim.step.run))).scalar_one()
            if run.state != "running":
                return run.why or f"The run is {run.state}."
            return await _frozen(tx, run.subject, self.clock())

    async def _keep(self, tenant: str, claim: _Claim, **values: object) -> None:
        """Keep something of the step while it goes on. Raises Stopped if it is not ours any more."""
        async with self.database.transaction(tenant) as tx:
            if (await tx.execute(_mine(claim).values(**values))).scalar() is None:
                raise Stopped("Another worker has taken it over.")

    async def _ended(self, tenant: str, claim: _Claim, ended: Json | Still) -> str | None:
        async with self.database.transaction(tenant) as tx:
            found = await self._given_back(tx, claim)
            if found is None:
                return None
            run, row = found
            if isinstance(ended, Still):
                if row.started is not None and self.clock() - row.started > claim.kind.longest:
                    return await self._end(tx, run, row, "failed", "It did not come in time.")
                row.attempt = 1  # it answered: what failed before counts no more
                row.state, row.wake = "asleep", self.clock() + ended.again
                row.detail = ended.detail or row.detail
                await go_on(tx, run.id, at=row.wake)
                return None
            row.result = dict(ended)
            if isinstance(claim.kind, WorkStep) and claim.kind.finish is not None:
                new: list[NewStep] = list(await claim.kind.finish(tx, claim.step, ended))
                await add_steps(tx, self.scheduler.kinds, run, new)
            return await self._end(tx, run, row, "done", row.detail)

    async def _failed(self, tenant: str, claim: _Claim, why: str, *, again: bool) -> str | None:
        """Once more after a while, or for good; then what it started outside is ended."""
        kind = claim.kind
        tries = kind.attempts if isinstance(kind, WorkStep) else 5
        last = not again or claim.step.attempt >= tries
        if last:
            await self._clear_up(tenant, claim)
        async with self.database.transaction(tenant) as tx:
            found = await self._given_back(tx, claim)
            if found is None:
                return None
            run, row = found
            if last:
                return await self._end(tx, run, row, "failed", why)
            backoff = kind.backoff if isinstance(kind, WorkStep) else timedelta(seconds=2)
            row.state, row.detail = "waiting", f"{why} It is tried again."
            row.wake = self.clock() + backoff * 2 ** (claim.step.attempt - 1)
            await release(tx, row)
            await go_on(tx, run.id, at=row.wake)
            return None

    async def _put_back(self, tenant: str, claim: _Claim, why: str) -> str | None:
        """Stopped from outside: what it started is ended, and it waits as if it had not been tried."""
        await self._clear_up(tenant, claim)
        async with self.database.transaction(tenant) as tx:
            found = await self._given_back(tx, claim)
            if found is None:
                return None
            run, row = found
            row.cursor = None if claim.kind.cancel is not None else row.cursor
            row.attempt = max(row.attempt - 1, 0)
            if run.state == "cancelled":
                return await self._end(tx, run, row, "cancelled", why)
            await self._wait(tx, run, row, why)
            return None

    async def _wait(self, tx: AsyncSession, run: RunRow, row: StepRow, why: str) -> None:
        """Nothing of it is begun while a halt or a freeze stands: it is looked at again in a few seconds."""
        row.state, row.wake, row.detail = "waiting", self.clock() + _STOPPED_FOR, why
        await release(tx, row)
        await go_on(tx, run.id, at=row.wake)

    async def _cancelled(self, tenant: str, claim: _Claim) -> str | None:
        await self._clear_up(tenant, claim)
        async with self.database.transaction(tenant) as tx:
            found = await self._given_back(tx, claim)
            if found is None:
                return None
            run, row = found
            return await self._end(tx, run, row, "cancelled", run.why)

    async def _clear_up(self, tenant: str, claim: _Claim) -> None:
        """End what the step has started outside; its cursor as it was kept last."""
        if claim.kind.cancel is None:
            return
        query = select(StepRow.cursor).where(StepRow.run == claim.step.run, StepRow.key == claim.step.key)
        async with self.database.transaction(tenant) as tx:
            cursor = (await tx.execute(query)).scalar()
        await claim.kind.cancel(replace(claim.step, cursor=cursor))

    async def _given_back(self, tx: AsyncSession, claim: _Claim) -> tuple[RunRow, StepRow] | None:
        """The step without its worker, and its run, locked in the order in which the scheduler locks them; None
        where another worker has it by now."""
        run = await run_for_update(tx, claim.step.run)
        row = await _step_for_update(tx, claim.step.run, claim.step.key)
        if row.state != "running" or (row.worker, row.attempt) != (claim.worker, claim.step.attempt):
            return None
        row.worker = row.lease = None
        return run, row

    async def _end(
        self, tx: AsyncSession, run: RunRow, row: StepRow, state: str, detail: str | None
    ) -> str | None:
        """End a step, and let its run go on in the same transaction. Returns the step that is kept."""
        row.state, row.detail, row.finished = state, detail, self.clock()
        await release(tx, row)
        return await self.scheduler.advance(tx, run.id, keep=True)


@dataclass(frozen=True, slots=True)
class _Worker:
    """What a piece of work may say while it is done; see `kinds.Worker`."""

    executor: Executor
    tenant: str
    claim: _Claim

    async def keep(self, cursor: Json) -> None:
        await self.executor._keep(self.tenant, self.claim, cursor=dict(cursor))

    async def tell(self, detail: str) -> None:
        await self.executor._keep(self.tenant, self.claim, detail=detail)


def _mine(claim: _Claim) -> ReturningUpdate[tuple[str]]:
    own = (
        StepRow.run == claim.step.run,
        StepRow.key == claim.step.key,
        StepRow.state == "running",
        StepRow.worker == claim.worker,
        StepRow.attempt == claim.step.attempt,
    )
    return update(StepRow).where(*own).returning(StepRow.key)


async def _step_for_update(tx: AsyncSession, run: str, key: str) -> StepRow:
    query = select(StepRow).where(StepRow.run == run, StepRow.key == key)
    return (await tx.execute(locked(query))).scalar_one()


async def _frozen(tx: AsyncSession, subject: str | None, now: datetime) -> str | None:
    """Whether a freeze stands over what a run is about (`plan:…`, `service:…`), or over everything."""
    kind, _, scope = (subject or "").partition(":")
    for freeze in (await read_standing(tx, now)).freezes:
        about_it = freeze.kind.value == kind and freeze.scope == scope
        if freeze.kind is FreezeKind.EVERYTHING or about_it:
            return f"It is frozen: {freeze.reason}"
    return None
