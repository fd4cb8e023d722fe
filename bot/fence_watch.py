"""The fence, watched by each process that runs agents: a halt stops what it does, and it says so.

NOTIFY wakes the watch, a poll of 50 ms guarantees it. Once it sees a halt it cancels its agents' work
(their model calls with them), and only then acknowledges. A fence that cannot be read for a second
counts as a halt.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from time import monotonic

import structlog
from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from bot.listener import Listener
from governance import fence
from governance.fence import Fence, Halted
from governance.performing import already_sent
from governance.tables import FenceAcknowledgementRow, WorkerRow
from storage.database import Database

POLL_SECONDS = 0.05
BLIND_AFTER_SECONDS = 1.0
BEAT_SECONDS = 0.5
FORGOTTEN_AFTER_SECONDS = 5

_log = structlog.get_logger()


class FenceWatch:
    """Watches every tenant's fence for one process, `worker`."""

    def __init__(self, database: Database, listener: Listener, worker: str) -> None:
        self.worker = worker
        self._database = database
        self._listener = listener
        self._fences: dict[str, Fence] = {}
        self._read_at = monotonic()
        self._work: dict[str, set[asyncio.Task[object]]] = defaultdict(set)
        self._stopped: set[asyncio.Task[object]] = set()

    async def check(self, tenant: str) -> None:
        """Raise Halted if agents of `tenant` may not go on; asked before every model and tool call."""
        seen = self._fences.get(tenant)
        if (seen is not None and seen.halted) or monotonic() - self._read_at > BLIND_AFTER_SECONDS:
            raise Halted

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
            raise Halted from None
        finally:
            self._work[tenant].discard(task)
            self._stopped.discard(task)

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            async with self._listener.subscribe(fence.CHANNEL) as news:
                beaten = 0.0
                while True:
                    if monotonic() - beaten >= BEAT_SECONDS:
                        await self._guarded(self._beat())
                        beaten = monotonic()
                    await self._guarded(self._look())
                    with suppress(TimeoutError):
                        await asyncio.wait_for(news.get(), POLL_SECONDS)
        finally:
            with suppress(SQLAlchemyError):
                await asyncio.shield(self._leave())

    async def _guarded(self, reading: Coroutine[None, None, None]) -> None:
        try:
            await asyncio.wait_for(reading, BLIND_AFTER_SECONDS)
        except (SQLAlchemyError, OSError, TimeoutError) as unreadable:
            _log.warning("fence_unreadable", why=type(unreadable).__name__)
            if monotonic() - self._read_at > BLIND_AFTER_SECONDS:
                for tenant in list(self._work):
                    self._stop_work(tenant)

    async def _look(self) -> None:
        async with self._database.untenanted() as tx:
            seen = await fence.fences(tx)
        self._read_at = monotonic()
        for tenant, now in seen.items():
            before = self._fences.get(tenant)
            self._fences[tenant] = now
            if before is None or before.epoch != now.epoch:
                cancelled = self._stop_work(tenant) if now.halted else 0
                await self._acknowledge(tenant, now.epoch, cancelled)

    def _stop_work(self, tenant: str) -> int:
        tasks = [task for task in self._work[tenant] if task not in self._stopped]
        for task in tasks:
            self._stopped.add(task)
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
            row = insert(WorkerRow).values(id=self.worker)
            await tx.execute(row.on_conflict_do_update(index_elements=["id"], set_={"seen": text("now()")}))
            await tx.execute(
                delete(WorkerRow).where(
                    WorkerRow.seen < text(f"now() - interval '{FORGOTTEN_AFTER_SECONDS} seconds'")
                )
            )

    async def _leave(self) -> None:
        async with self._database.untenanted() as tx:
            await tx.execute(delete(WorkerRow).where(WorkerRow.id == self.worker))
