"""What a worker does beside the work: it renews the step's lease, and ends the work once the step is not to go
on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.work.claims import LEASE, Claim, frozen, own
from agents.work.kinds import Json
from agents.work.tables import RunRow, from_now
from integrations.ports import Ports
from storage.database import Database

BEAT_SECONDS = 0.4
"""How often a worker looks whether its step still is its own, and whether its run still goes on."""

_TAKEN_OVER = "Another worker has taken it over."


class Stopped(Exception):
    """The step's run was paused, cancelled or frozen, or another worker has the step. The text says which."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Beats for the steps of one process. A step that is shorter than a beat costs no transaction."""

    database: Database
    clock: Callable[[], datetime]
    seconds: float

    @asynccontextmanager
    async def beating(self, claim: Claim) -> AsyncIterator[None]:
        """While the block runs its lease is renewed; it is cancelled with Stopped once the step is not ours."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a step is done in a task")
        why: list[str] = []

        async def beat() -> None:
            while True:
                await asyncio.sleep(self.seconds)
                if (stopped := await self._what_stops(claim)) is not None:
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

    async def _what_stops(self, claim: Claim) -> str | None:
        async with self.database.transaction(claim.step.tenant) as tx:
            mine = (await tx.execute(own(claim).values(lease=from_now(LEASE)))).scalar()
            if mine is None:
                return _TAKEN_OVER
            run = (await tx.execute(select(RunRow).where(RunRow.id == claim.step.run))).scalar_one()
            if run.state != "running":
                return run.why or f"The run is {run.state}."
            return await frozen(tx, run.subject, self.clock())


@dataclass(frozen=True, slots=True)
class WorkerOf:
    """What a step works with; see `kinds.Worker`."""

    database: Database
    claim: Claim
    opened: Callable[[str], Ports]
    clock: Callable[[], datetime]

    @property
    def ports(self) -> Ports:
        """The department's outside world."""
        return self.opened(self.claim.step.tenant)

    def now(self) -> datetime:
        """The time."""
        return self.clock()

    def transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A transaction of the step's own."""
        return self.database.transaction(self.claim.step.tenant)

    async def keep(self, cursor: Json) -> None:
        """Keep what was started outside. Raises Stopped if the step is not ours any more."""
        await self._put(cursor=dict(cursor))

    async def tell(self, detail: str) -> None:
        """Show how far it is. Raises Stopped if the step is not ours any more."""
        await self._put(detail=detail)

    async def _put(self, **values: object) -> None:
        async with self.database.transaction(self.claim.step.tenant) as tx:
            if (await tx.execute(own(self.claim).values(**values))).scalar() is None:
                raise Stopped(_TAKEN_OVER)
