"""The fence: an epoch that every claim of an effect reads, so that none slips past a halt.

Halting updates the fence's row; a claim reads it `FOR SHARE` in its own transaction. The two locks
exclude each other: a claim that committed before the halt is older than it and is listed as already
sent, and one that comes after it reads `halted`. (With a plain read, claims were seen to commit after
the halt.)

Row locks let a stream of claims pass a halt that waits: each shares the row with the one before it, and
the halt was seen to wait for seconds. Advisory locks queue, so a turnstile of one stands before the row:
once a halt waits, whoever claims next waits behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from governance.tables import FenceRow
from storage.database import tenant_of

CHANNEL = "countersign_fence"
"""PostgreSQL notifies this channel whenever a fence moves; a poll of 50 ms guarantees it."""


# Every tenant's fence may be seen (one process watches them all), so the tenant is named here. Locking the
# row comes last, and reads it as it is then, however long the turnstile took.
_HOLD = text(
    "WITH turnstile AS MATERIALIZED"
    " (SELECT pg_advisory_xact_lock_shared(hashtextextended('fence/' || :tenant, 0)))"
    " SELECT fences.epoch, fences.halted FROM turnstile, fences"
    " WHERE fences.tenant = :tenant FOR SHARE OF fences"
)
_LOCK = text(
    "WITH turnstile AS MATERIALIZED"
    " (SELECT pg_advisory_xact_lock(hashtextextended('fence/' || :tenant, 0)))"
    " SELECT fences.epoch, fences.halted FROM turnstile, fences"
    " WHERE fences.tenant = :tenant FOR UPDATE OF fences"
)


class Halted(Exception):
    """Agents are halted: work in flight stops here, and nothing that it proposed is performed."""


class FenceUnreadable(ConnectionError):
    """The fence could not be read for a second: agents' work stops here, and is tried again later."""


@dataclass(frozen=True, slots=True)
class Fence:
    """A fence as it was read: agents run in `epoch` unless it is a `halted` one."""

    epoch: int
    halted: bool


async def hold(tx: AsyncSession) -> Fence:
    """Read the fence, and keep it from moving until `tx` ends."""
    return await _read(tx, shared=True)


async def lock(tx: AsyncSession) -> Fence:
    """Read the fence before moving it: until `tx` ends nobody else claims, halts or resumes."""
    return await _read(tx, shared=False)


async def _read(tx: AsyncSession, *, shared: bool) -> Fence:
    query, tenant = (_HOLD if shared else _LOCK), {"tenant": tenant_of(tx)}
    row = (await tx.execute(query, tenant)).one_or_none()
    if row is None:
        await tx.execute(insert(FenceRow).values(epoch=0).on_conflict_do_nothing())
        row = (await tx.execute(query, tenant)).one()
    return Fence(row.epoch, row.halted)


async def move(tx: AsyncSession, *, halted: bool) -> Fence:
    """Begin a new epoch, and wake every process when `tx` commits. Waits for claims under way."""
    await lock(tx)
    moved = await tx.execute(
        text(
            "UPDATE fences SET epoch = epoch + 1, halted = :halted, changed = now()"
            " WHERE tenant = :tenant RETURNING epoch"
        ),
        {"halted": halted, "tenant": tenant_of(tx)},
    )
    fence = Fence(moved.scalar_one(), halted)
    await tx.execute(text("SELECT pg_notify(:channel, :tenant)"), {"channel": CHANNEL, "tenant": tenant_of(tx)})
    return fence


async def fences(tx: AsyncSession) -> dict[str, Fence]:
    """Every tenant's fence, for the process that watches them all."""
    rows = await tx.execute(text("SELECT tenant, epoch, halted FROM fences"))
    return {row.tenant: Fence(row.epoch, row.halted) for row in rows}
