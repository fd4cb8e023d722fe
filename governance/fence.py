"""The fence: an epoch that every claim of an effect reads, so that none slips past a halt.

Halting updates the fence's row; a claim reads it `FOR SHARE` in its own transaction. The two locks
exclude each other: a claim that committed before the halt is older than it and is listed as already
sent, and one that comes after it reads `halted`. (With a plain read, claims were seen to commit after
the halt.)

Row locks let a stream of claims pass a halt that waits: each shares the row with the one before it, and
the halt was seen to wait for seconds. Advisory locks queue, so a turnstile of one stands before the row:
once a halt waits, whoever claims next waits behind it.

A claim takes milliseconds. One whose process hangs would keep a halt waiting for as long, so a halt ends
the connections of those who still hold the fence after GIVE_WAY_MS: nothing of theirs is committed, and
their jobs are tried again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg.errors
import structlog
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from governance.fence_statements import CHANNEL as CHANNEL
from governance.fence_statements import END, GIVE_WAY_MS, HOLD, HOLDERS, LOCK, MOVE, WAKE, named
from governance.tables import FenceRow
from storage import direct
from storage.database import tenant_of

_log = structlog.get_logger()

_HOLD, _LOCK = text(named(HOLD)), text(named(LOCK))
_HOLDERS, _END = text(named(HOLDERS)), text(named(END))
_MOVE, _WAKE = text(named(MOVE)), text(named(WAKE))


class Halted(Exception):
    """Agents are halted: work in flight stops here, and nothing that it proposed is performed."""


class FenceUnreadable(ConnectionError):
    """The fence could not be read for a second: agents' work stops here, and is tried again later."""


class GaveWay(ConnectionError):
    """A transaction held the fence for so long that a halt ended it. Nothing of it stands; try it again."""


@dataclass(frozen=True, slots=True)
class Fence:
    """A fence as it was read: agents run in `epoch` unless it is a `halted` one."""

    epoch: int
    halted: bool


async def hold(tx: AsyncSession) -> Fence:
    """Read the fence, and keep it from moving until `tx` ends.

    For whoever performs something in `tx` or claims it there. Whoever holds it must call nobody outside: a halt
    waits for them.
    """
    return await _read(tx, shared=True)


async def lock(tx: AsyncSession) -> Fence:
    """Read the fence before moving it: until `tx` ends nobody else claims, halts or resumes.

    Waits for those who hold it, and ends them where that takes longer than GIVE_WAY_MS.
    """
    # Only those are ended who held the fence before the wait and hold it still, by process and start of their
    # transaction: a connection that ended one claim and began another in time has kept nobody waiting.
    while True:
        before = await _holders(tx)
        try:
            async with tx.begin_nested():
                await tx.execute(text(f"SET LOCAL lock_timeout = {GIVE_WAY_MS}"))
                locked = await _read(tx, shared=False)
                await tx.execute(text("SET LOCAL lock_timeout = DEFAULT"))
                return locked
        except OperationalError as waited:
            if not isinstance(waited.orig, psycopg.errors.LockNotAvailable):
                raise
        hanging = before & await _holders(tx)
        _log.warning("fence_kept_waiting", ended=len(hanging))
        pids, since = [pid for pid, _ in hanging], [moment for _, moment in hanging]
        await tx.execute(_END, {"pids": pids, "since": since})


async def _holders(tx: AsyncSession) -> set[tuple[int, datetime]]:
    return {(row.pid, row.xact_start) for row in await tx.execute(_HOLDERS, {"tenant": tenant_of(tx)})}


def gave_way(failure: OperationalError) -> bool:
    """Whether a transaction failed because the server ended its connection."""
    return isinstance(failure.orig, psycopg.errors.AdminShutdown)


async def _read(tx: AsyncSession, *, shared: bool) -> Fence:
    query, tenant = (_HOLD if shared else _LOCK), {"tenant": tenant_of(tx)}
    row = (await tx.execute(query, tenant)).one_or_none()
    if row is None:
        await tx.execute(insert(FenceRow).values(epoch=0).on_conflict_do_nothing())
        row = (await tx.execute(query, tenant)).one()
    return Fence(row.epoch, row.halted)


async def move(tx: AsyncSession, *, halted: bool) -> Fence:
    """Begin a new epoch of a fence that `tx` has locked, and wake every process when it commits.

    A wake that is lost costs 50 ms: each process polls, and claims read the row, not the message.
    """
    moved = await tx.execute(_MOVE, {"halted": halted, "tenant": tenant_of(tx)})
    fence = Fence(moved.scalar_one(), halted)
    await tx.execute(_WAKE, {"tenant": tenant_of(tx)})
    return fence


async def fences(tx: AsyncSession) -> dict[str, Fence]:
    """Every tenant's fence, for the process that watches them all."""
    rows = await direct.rows(tx, "SELECT tenant, epoch, halted FROM fences", {})
    return {tenant: Fence(epoch, halted) for tenant, epoch, halted in rows}
