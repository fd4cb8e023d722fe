"""Doing one step outside any transaction: claimed by a lease, kept by a heartbeat, ended by whatever ends
its run.

| the worker dies …                      | row says           | what comes next                              |
|----------------------------------------|--------------------|----------------------------------------------|
| before it claims                       | running, old lease | the sweep queues it; another claims          |
| in the middle of the work              | running, old lease | the same, one attempt more, with its cursor  |
| after `start`, before the cursor is kept | running, no cursor | `find` asks outside for what has this token |
| after the work, before its end commits | running, old lease | the work is done again: it must bear that    |

A worker that is cut off from the database ends its work before the lease is over; one that is too late for that
changes nothing of a step that another has, nor of what that one has started outside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from agents.model import ModelAccess
from agents.work.claims import Claim, give_back, put_off, take
from agents.work.handing_on import hand_on
from agents.work.heartbeat import BEAT_SECONDS, Heartbeat, Stopped, WorkerOf
from agents.work.kinds import (
    OPEN_PULL_REQUESTS,
    Json,
    Later,
    NewStep,
    Over,
    Step,
    StepFailed,
    Still,
    WaitStep,
    WorkStep,
)
from agents.work.runs import add_steps, go_on, lock_longest_waiting, release, wake
from agents.work.scheduler import Scheduler, utc_now
from agents.work.sweep import queue_left_steps
from agents.work.tables import RunRow, StepRow
from governance.fence import FenceUnreadable, Halted
from integrations.ports import Ports
from storage.database import Database
from storage.look import Away

KEEPS_ON_SECONDS = 5.0
"""For so long a worker goes on by itself with what comes next; after that it is queued, so that the place is
the job engine's to give, and a process that is told to stop comes to an end."""

_ASKED_AGAIN = timedelta(seconds=5)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Executor:
    """Does steps, for one process. `agent_work` marks agents' work, so that a halt ends it with Halted; `ports`
    are a tenant's. Without a `model` agents work by rule."""

    database: Database
    scheduler: Scheduler
    agent_work: Callable[[str], AbstractAsyncContextManager[None]]
    process: str
    ports: Callable[[str], Ports]
    clock: Callable[[], datetime] = utc_now
    beat_seconds: float = BEAT_SECONDS
    model: ModelAccess | None = None
    open_pull_requests: int = OPEN_PULL_REQUESTS

    async def do(self, tenant: str, run: str, key: str) -> None:
        """Bring one step forward, and then what comes next in its place, as long as something does.

        Does nothing for one that is somebody else's, over, or not to be done now.
        """
        until = monotonic() + KEEPS_ON_SECONDS
        async with self.database.transaction(tenant) as tx:
            claim = await take(tx, self.scheduler, self.process, self.clock(), run, key)
            if claim is None:
                await queue_left_steps(tx)
        while claim is not None:
            claim = await self._do(claim, keep=monotonic() < until)

    async def _do(self, claim: Claim, *, keep: bool) -> Claim | None:
        """Bring one step forward. Returns what this worker has taken in its place, if it may `keep` on."""
        worker = WorkerOf(self.database, claim, self.ports, self.clock, self.model, self.open_pull_requests)
        with structlog.contextvars.bound_contextvars(run=claim.step.run, step=claim.step.key):
            if claim.ends:
                return await self._cancelled(worker)
            beating = Heartbeat(self.database, self.clock, self.beat_seconds).beating(claim)
            try:
                async with self.agent_work(claim.step.tenant), beating:
                    ended = await self._done(worker)
            except (Halted, FenceUnreadable, Stopped) as stopped:
                return await self._put_back(worker, str(stopped) or "All agents are halted.")
            except StepFailed as failed:
                return await self._failed(worker, str(failed), again=False, keep=keep)
            except Later as later:
                return await self._put_off(claim, later)
            except Away as away:
                return await self._failed(worker, f"{away}.", again=True, keep=keep)
            except Exception as fault:  # noqa: BLE001 — it ends or repeats its step, not the worker
                _log.exception("step_failed")
                why = f"Something went wrong ({type(fault).__name__})."
                return await self._failed(worker, why, again=True, keep=keep)
            return await self._ended(claim, ended, keep=keep)

    async def _done(self, worker: WorkerOf) -> Json | Still:
        step, kind = worker.claim.step, worker.claim.kind
        if isinstance(kind, WorkStep):
            try:
                async with asyncio.timeout(kind.longest.total_seconds()) as limit:
                    return await kind.work(step, worker)
            except TimeoutError:
                if not limit.expired():
                    raise
                raise StepFailed(f"It was not done after {kind.longest}.") from None
        seconds = kind.answers_within.total_seconds()
        try:
            async with asyncio.timeout(seconds) as limit:
                return await _looked(kind, step, worker)
        except TimeoutError:
            if not limit.expired():
                raise
            return Still(_ASKED_AGAIN, f"There was no answer within {seconds:g} seconds. It is asked again.")

    async def _ended(self, claim: Claim, ended: Json | Still, *, keep: bool) -> Claim | None:
        async with self.database.transaction(claim.step.tenant) as tx:
            if keep and not isinstance(ended, Still):
                handed = await hand_on(tx, self.scheduler.kinds, claim, ended, self.clock())
                if handed is not None:
                    return handed
            found = await give_back(tx, claim)
            if found is None:
                return None
            run, row = found
            if isinstance(ended, Still):
                return await self._still(tx, claim, run, row, ended, keep=keep)
            row.result = dict(ended)
            if claim.kind.finish is not None:
                new: list[NewStep] = list(await claim.kind.finish(tx, claim.step, ended))
                await add_steps(tx, self.scheduler.kinds, run, new)
            return await self._end(tx, run, row, "done", row.detail, keep=keep)

    async def _still(
        self, tx: AsyncSession, claim: Claim, run: RunRow, row: StepRow, still: Still, *, keep: bool
    ) -> Claim | None:
        """It is looked at again later, if its time is not over."""
        if row.started is not None and self.clock() - row.started > claim.kind.longest:
            return await self._end(tx, run, row, "failed", "It did not come in time.", keep=keep)
        row.attempt = 1  # it answered: what failed before counts no more
        row.state, row.wake = "asleep", self.clock() + still.again
        if still.cursor is not None:
            row.cursor = dict(still.cursor)
        if still.detail not in (None, row.detail):
            row.detail = still.detail
            await go_on(tx, run)  # it is shown now, not when it is looked at again
        await go_on(tx, run, at=row.wake)
        return None

    async def _failed(self, worker: WorkerOf, why: str, *, again: bool, keep: bool) -> Claim | None:
        """Once more after a while, or for good; then what it started outside is ended."""
        claim, kind = worker.claim, worker.claim.kind
        tries = kind.attempts if isinstance(kind, WorkStep) else 5
        last = not again or claim.step.attempt >= tries
        if last and not await self._cleared_up(worker):
            return None
        async with self.database.transaction(claim.step.tenant) as tx:
            found = await give_back(tx, claim)
            if found is None:
                return None
            run, row = found
            if last:
                return await self._end(tx, run, row, "failed", why, keep=keep)
            backoff = kind.backoff if isinstance(kind, WorkStep) else timedelta(seconds=2)
            row.state, row.detail = "waiting", f"{why} It is tried again."
            row.wake = self.clock() + backoff * 2 ** (claim.step.attempt - 1)
            await release(tx, row)
            await go_on(tx, run, at=row.wake)
            return None

    async def _put_back(self, worker: WorkerOf, why: str) -> Claim | None:
        """Stopped from outside: what it started is ended, and it waits as if it had not been tried."""
        claim = worker.claim
        if not await self._cleared_up(worker):
            return None
        async with self.database.transaction(claim.step.tenant) as tx:
            found = await give_back(tx, claim)
            if found is None:
                return None
            run, row = found
            row.cursor = None if claim.kind.cancel is not None else row.cursor
            row.attempt = max(row.attempt - 1, 0)
            if run.state == "cancelled":
                return await self._end(tx, run, row, "cancelled", why, keep=False)
            await put_off(tx, run, row, why, self.clock())
            return None

    async def _put_off(self, claim: Claim, later: Later) -> Claim | None:
        """It waits for its time as if it had not been tried; what it started outside goes on."""
        async with self.database.transaction(claim.step.tenant) as tx:
            found = await give_back(tx, claim)
            if found is None:
                return None
            run, row = found
            row.state, row.detail, row.attempt = "waiting", str(later), max(row.attempt - 1, 0)
            row.wake = max(later.at, self.clock() + _ASKED_AGAIN)
            await release(tx, row)
            await go_on(tx, run, at=row.wake)
            return None

    async def _cancelled(self, worker: WorkerOf) -> Claim | None:
        claim = worker.claim
        if not await self._cleared_up(worker):
            return None
        async with self.database.transaction(claim.step.tenant) as tx:
            found = await give_back(tx, claim)
            if found is None:
                return None
            run, row = found
            return await self._end(tx, run, row, "cancelled", run.why, keep=False)

    async def _cleared_up(self, worker: WorkerOf) -> bool:
        """End what this worker has started outside. False, and nothing is ended, once another has the step:
        what goes on outside is that one's."""
        kind = worker.claim.kind
        if kind.cancel is None:
            return True
        try:
            await worker.renew()  # so that nobody takes it meanwhile
        except Stopped:
            return False
        await kind.cancel(replace(worker.claim.step, cursor=worker.cursor), worker)
        return True

    async def _end(
        self, tx: AsyncSession, run: RunRow, row: StepRow, state: str, detail: str | None, *, keep: bool
    ) -> Claim | None:
        """End a step, and let its run go on in the same transaction. Returns what takes its place.

        If that is nothing of its own run, the place goes to the run that waits for one longest.
        """
        row.state, row.detail, row.finished = state, detail, self.clock()
        if row.locks:
            await release(tx, row)
        kept = await self.scheduler.advance_locked(tx, run, keep=keep)
        if kept is not None:
            return await self._taken(tx, run.id, kept)
        if keep and (other := await lock_longest_waiting(tx, run.id, row.pool)) is not None:
            kept = await self.scheduler.advance_locked(tx, other, keep=True)
            if kept is not None:
                return await self._taken(tx, other.id, kept)
        if not row.locks:
            await wake(tx, run.id)
        return None

    async def _taken(self, tx: AsyncSession, run: str, key: str) -> Claim | None:
        return await take(tx, self.scheduler, self.process, self.clock(), run, key)


async def _looked(kind: WaitStep, step: Step, worker: WorkerOf) -> Json | Still:
    """What a wait is for, or that it is still to come; started first where it is not there."""
    if kind.start is not None and step.cursor is None:
        found = await kind.find(step, worker) if kind.find is not None else None
        cursor = found if found is not None else await kind.start(step, worker)
        await worker.keep(cursor)
        step = replace(step, cursor=cursor)
    try:
        polled = await kind.poll(step, worker)
    except Away as away:
        return Still(_ASKED_AGAIN, f"{away}. It is asked again.")
    return polled.result if isinstance(polled, Over) else polled
