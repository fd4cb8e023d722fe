"""The fence, watched by each process that runs agents: a halt stops what it does, and it says so.

NOTIFY wakes the watch. While agents work a poll of 50 ms guarantees it; where none does, one of 250 ms, and
what is about to begin has the fence read anew first. Once it sees a halt it cancels its agents' work (their
model calls and process groups with it), and acknowledges when that has ended. A fence that cannot be read for a
second stops work too.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from time import monotonic

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from bot.listener import Listener
from governance import fence
from governance.fence import Fence, FenceUnreadable, Halted
from governance.performing import already_sent
from governance.tables import FenceAcknowledgementRow, WorkerRow
from storage import direct
from storage.database import Database
from storage.outage import Outage

POLL_SECONDS = 0.05
IDLE_POLL_SECONDS = 0.25
BLIND_AFTER_SECONDS = 1.0
BEAT_SECONDS = 0.5
FORGOTTEN_AFTER_SECONDS = 5

_BEAT = """
    WITH forgotten AS (
        DELETE FROM workers
        WHERE id <> %(worker)s AND seen < now() - make_interval(secs => %(forgotten)s)
    )
    INSERT INTO workers (id) VALUES (%(worker)s) ON CONFLICT (id) DO UPDATE SET seen = now()
"""


class FenceWatch:
    """Watches every tenant's fence for one process, `worker`."""

    def __init__(self, database: Database, listener: Listener, worker: str) -> None:
        self.worker = worker
        self._database = database
        self._listener = listener
        self._fences: dict[str, Fence] = {}
        self._acknowledged: dict[str, int] = {}
        self._cancelled: dict[str, int] = defaultdict(int)
        self._read_at: float | None = None
        self._next_read = asyncio.Event()
        self._woken = asyncio.Event()
        self._work: dict[str, set[asyncio.Task[object]]] = defaultdict(set)
        self._stopped: dict[asyncio.Task[object], type[Exception]] = {}
        self._unheard = Outage("fence watch heartbeat")
        self._unreadable = Outage("fence")

    async def check(self, tenant: str) -> None:
        """Raise Halted if agents of `tenant` may not go on, FenceUnreadable if nobody can tell.

        Asked before every model and tool call.
        """
        if self._read_at is None or monotonic() - self._read_at > 2 * POLL_SECONDS:
            await self._read_anew()
        if self._is_blind():
            raise FenceUnreadable
        seen = self._fences.get(tenant)
        if seen is not None and seen.halted:
            raise Halted

    async def _read_anew(self) -> None:
        """Have the fence read now, and wait for that, for as long as the watch may be blind."""
        self._woken.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(BLIND_AFTER_SECONDS):
                await self._next_read.wait()

    @asynccontextmanager
    async def agent_work(self, tenant: str) -> AsyncIterator[None]:
        """Mark the current task as an agent's work: a halt ends the block with Halted."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an agent's work runs in a task")
        await self.check(tenant)
        self._work[tenant].add(task)
        try:
            yield
        except asyncio.CancelledError:
            if task not in self._stopped:
                raise
            task.uncancel()
            raise self._stopped[task] from None
        finally:
            self._work[tenant].discard(task)
            if self._stopped.pop(task, None) is not None:
                self._woken.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            async with self._listener.subscribe(fence.CHANNEL) as news:
                beaten = 0.0
                while True:
                    if monotonic() - beaten >= BEAT_SECONDS:
                        await self._guarded(self._beat(), self._unheard)
                        beaten = monotonic()
                    before = self._read_at
                    await self._guarded(self._look(), self._unreadable)
                    if self._read_at != before:
                        self._next_read.set()
                        self._next_read = asyncio.Event()
                    await self._wait(news)
        finally:
            with suppress(SQLAlchemyError):
                await asyncio.shield(self._leave())

    async def _wait(self, news: asyncio.Queue[str]) -> None:
        """Until a fence moved, cancelled work ended, or it is time to look anyway."""
        heard = [asyncio.ensure_future(news.get()), asyncio.ensure_future(self._woken.wait())]
        seconds = POLL_SECONDS if any(self._work.values()) else IDLE_POLL_SECONDS
        await asyncio.wait(heard, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for each in heard:
            each.cancel()
        self._woken.clear()

    async def _guarded(self, reading: Coroutine[None, None, None], outage: Outage) -> None:
        # Not `wait_for`: in Python 3.11 it may swallow a cancellation that comes as the reading ends, and
        # then this watch, and the process with it, would go on for ever.
        try:
            async with asyncio.timeout(BLIND_AFTER_SECONDS):
                await reading
            outage.ends()
        except (SQLAlchemyError, OSError, TimeoutError) as unreadable:
            outage.begins(unreadable)
            if self._is_blind():
                for tenant in list(self._work):
                    self._stop_work(tenant, FenceUnreadable)

    def _is_blind(self) -> bool:
        return self._read_at is None or monotonic() - self._read_at > BLIND_AFTER_SECONDS

    async def _look(self) -> None:
        async with self._database.untenanted() as tx:
            seen = await fence.fences(tx)
        self._read_at, self._fences = monotonic(), seen
        for tenant, now in seen.items():
            if now.halted:
                self._cancelled[tenant] += self._stop_work(tenant, Halted)
        # Cancelled work gets the loop before anything is acknowledged.
        await asyncio.sleep(0)
        for tenant, now in seen.items():
            still_at_it = now.halted and self._work[tenant]
            if self._acknowledged.get(tenant) != now.epoch and not still_at_it:
                await self._acknowledge(tenant, now.epoch, self._cancelled[tenant])
                self._acknowledged[tenant] = now.epoch
                self._cancelled[tenant] = 0

    def _stop_work(self, tenant: str, why: type[Exception]) -> int:
        tasks = [task for task in self._work[tenant] if task not in self._stopped]
        for task in tasks:
            self._stopped[task] = why
            task.cancel()
        return len(tasks)

    async def _acknowledge(self, tenant: str, epoch: int, cancelled: int) -> None:
        async with self._database.transaction(tenant) as tx:
            row = insert(FenceAcknowledgementRow).values(
                epoch=epoch,
                worker=self.worker,
                cancelled=cancelled,
                already_sent=await already_sent(tx, self.worker),
            )
            await tx.execute(row.on_conflict_do_nothing())

    async def _beat(self) -> None:
        async with self._database.untenanted() as tx:
            await direct.run(tx, _BEAT, {"worker": self.worker, "forgotten": FORGOTTEN_AFTER_SECONDS})

    async def _leave(self) -> None:
        async with self._database.untenanted() as tx:
            await tx.execute(delete(WorkerRow).where(WorkerRow.id == self.worker))
