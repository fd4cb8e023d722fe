"""What a worker does beside the work: it renews the step's lease, and ends the work once the step is not to go
on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import monotonic

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.model import ModelAccess
from agents.terms import AgentTerms
from agents.work.claims import LEASE, Claim, configured_at, frozen, own
from agents.work.kinds import OPEN_PULL_REQUESTS, Json
from agents.work.tables import RunRow, from_now
from governance.authority.explain import paused
from governance.overrides.rows import read_standing
from governance.people import Actor
from integrations.ports import Ports
from storage.database import Database
from storage.outage import is_database_away

BEAT_SECONDS = 0.4
"""How often a worker looks whether its step still is its own, and whether its run still goes on."""

_CUT_OFF_SECONDS = 1.0
"""For so long a look that is given up is waited for: the driver of a server that hangs may never let go."""

_TAKEN_OVER = "Another worker has taken it over."
_SET = "Its agent was set otherwise: it goes on with that."
_NOT_RENEWED = "The database did not answer, so that nobody could tell whose step it is."


class Stopped(Exception):
    """The step's run was paused, cancelled or frozen, its agent was set otherwise, another worker has the step,
    or nobody can tell who has it. The text says which."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Beats for the steps of one process. A step that is shorter than a beat costs no transaction."""

    database: Database
    clock: Callable[[], datetime]
    seconds: float

    @asynccontextmanager
    async def beating(self, claim: Claim) -> AsyncIterator[None]:
        """While the block runs its lease is renewed; it is cancelled with Stopped once the step is not ours,
        and with whatever is wrong with the beat: nothing goes on that nobody looks after."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a step is done in a task")
        ends: list[Exception] = []

        async def beat() -> None:
            try:
                ends.append(Stopped(await self._until_stopped(claim)))
            except Exception as fault:  # noqa: BLE001 — it is raised where the work is
                ends.append(fault)
            task.cancel()

        beating = asyncio.create_task(beat())
        try:
            yield
        except asyncio.CancelledError:
            if not ends:
                raise
            task.uncancel()
            raise ends[0] from None
        finally:
            beating.cancel()
            await asyncio.wait({beating}, timeout=2 * _CUT_OFF_SECONDS)

    async def _until_stopped(self, claim: Claim) -> str:
        """Renew the lease at every beat, until the step is not to go on. Returns why.

        A database that is away is asked again while that is in time: the work ends before the lease does.
        """
        until = claim.since + _lasts()
        while True:
            await asyncio.sleep(self.seconds)
            asked = monotonic()
            try:
                stopped = await self._asked(claim, max(until - asked, self.seconds))
            except Exception as failure:
                if not (isinstance(failure, TimeoutError) or is_database_away(failure)):
                    raise
                if monotonic() + self.seconds >= until:
                    return _NOT_RENEWED
                continue
            if stopped is not None:
                return stopped
            until = asked + _lasts()

    async def _asked(self, claim: Claim, seconds: float) -> str | None:
        """Renew the lease, and say why the step is not to go on. Raises TimeoutError after so many seconds."""
        # In a task that can be left behind: a cancelled statement waits for its server, though that hangs.
        asking = asyncio.create_task(self._what_stops(claim))
        try:
            done, _ = await asyncio.wait({asking}, timeout=seconds)
            if not done:
                raise TimeoutError
            return asking.result()
        finally:
            if asking.cancel():
                await asyncio.wait({asking}, timeout=_CUT_OFF_SECONDS)

    async def _what_stops(self, claim: Claim) -> str | None:
        async with self.database.transaction(claim.step.tenant) as tx:
            mine = (await tx.execute(own(claim).values(lease=from_now(LEASE)))).scalar()
            if mine is None:
                return _TAKEN_OVER
            run = (await tx.execute(select(RunRow).where(RunRow.id == claim.step.run))).scalar_one()
            if run.state != "running":
                return run.why or f"The run is {run.state}."
            return await frozen(tx, run, self.clock())


def _lasts() -> float:
    """For how many seconds after a renewal work may go on: the rest of the lease is for it to end in."""
    return (LEASE * 5 / 6).total_seconds()


@dataclass(slots=True)
class WorkerOf:
    """What a step works with; see `kinds.Worker`. `cursor` is what this worker knows to be started outside,
    whatever another has made of the row since."""

    database: Database
    claim: Claim
    opened: Callable[[str], Ports]
    clock: Callable[[], datetime]
    department_model: ModelAccess | None = None
    open_pull_requests: int = OPEN_PULL_REQUESTS
    cursor: Json | None = field(init=False)

    def __post_init__(self) -> None:
        self.cursor = self.claim.step.cursor

    @property
    def ports(self) -> Ports:
        """The department's outside world."""
        return self.opened(self.claim.step.tenant)

    @property
    def model(self) -> ModelAccess | None:
        """The department's model, on the terms of each agent for this run."""
        if self.department_model is None:
            return None
        terms = AgentTerms(self.transaction, self.claim.step.run, self.clock, run=self.claim.step.run)
        return replace(self.department_model, terms=terms)

    def now(self) -> datetime:
        """The time."""
        return self.clock()

    def transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A transaction of the step's own."""
        return self.database.transaction(self.claim.step.tenant)

    async def keep(self, cursor: Json) -> None:
        """Keep what was started outside. Raises Stopped if the step is not ours any more."""
        self.cursor = cursor
        await self._put(cursor=dict(cursor))

    async def tell(self, detail: str) -> None:
        """Show how far it is. Raises Stopped if the step is not ours any more, and where its agent was paused
        or set otherwise since it was begun: it is taken up again, with the agent as it is set by then. A step
        that has something going on outside comes to its end first."""
        async with self.transaction() as tx:
            await self._put_in(tx, detail=detail)
            otherwise = None if self.claim.kind.cancel is not None else await self._set_otherwise(tx)
        if otherwise is not None:
            raise Stopped(otherwise)

    async def _set_otherwise(self, tx: AsyncSession) -> str | None:
        agent = self.claim.actor
        if await configured_at(tx, agent) == self.claim.configured:
            return None
        pause = (await read_standing(tx, self.clock())).pause_of(Actor("agent", agent))
        return _SET if pause is None else paused(pause)

    async def renew(self) -> None:
        """Begin the lease anew. Raises Stopped if the step is not ours any more."""
        await self._put(lease=from_now(LEASE))

    async def _put(self, **values: object) -> None:
        async with self.transaction() as tx:
            await self._put_in(tx, **values)

    async def _put_in(self, tx: AsyncSession, **values: object) -> None:
        if (await tx.execute(own(self.claim).values(**values))).scalar() is None:
            raise Stopped(_TAKEN_OVER)
