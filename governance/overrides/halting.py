"""Halting every agent and letting them go on, as rows. The command line halts by `halting_by_driver`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from governance import fence
from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable
from governance.audit.log import record
from governance.overrides.halted import IMPACT, ROLLBACK_PLAN, Halted, said
from governance.overrides.rows import end, lay, standing_rows
from governance.people import Actor, Role
from governance.performing import release_held
from governance.record import intervened
from governance.tables import OverrideRow


class NothingHalted(LookupError):
    """The agents are not halted."""


class SamePerson(Exception):
    """Whoever halted the agents wants to let them go on; it takes a second person."""


async def halt(
    tx: AsyncSession, *, by: str, identity: str | None, roles: frozenset[Role], reason: str, at: datetime
) -> Halted:
    """Stop every agent: no claim of an effect commits after `tx` does. A halt that stands is kept as it is.

    No reason is a bad one: what no row can hold is left out of it, and one that says nothing is said to.
    """
    reason = said(reason)
    # The fence's row lock makes one of two people who halt at once the first.
    held = await fence.lock(tx)
    standing = await standing_rows(tx, "halt")
    if standing and held.halted:
        return Halted(standing[0].id, held.epoch, standing[0].made_by, before=True)
    moved = await fence.move(tx, halted=True)
    override = lay(
        tx,
        "halt",
        "agents",
        subject=str(moved.epoch),
        reason=reason,
        by=by,
        identity=identity,
        roles=roles,
        at=at,
    )
    await intervened(tx, "halted", by, override, reason, at)
    return Halted(override, moved.epoch, by, before=False)


async def standing_halt(tx: AsyncSession) -> OverrideRow:
    """The halt that stands. Raises NothingHalted."""
    rows = await standing_rows(tx, "halt")
    if not rows:
        raise NothingHalted
    return rows[0]


async def resume(tx: AsyncSession, *, by: str, identity: str | None, at: datetime) -> int:
    """End the halt, and queue what it held back. Returns how many effects that was.

    Raises NothingHalted, SamePerson (by person, and by identity where one is known).
    """
    await fence.lock(tx)
    row = await standing_halt(tx)
    if by == row.made_by or (identity is not None and identity == row.identity):
        raise SamePerson
    for standing in await standing_rows(tx, "halt"):
        end(standing, by, at)
    await fence.move(tx, halted=False)
    await tx.flush()
    return await release_held(tx)


async def resume_from_command_line(tx: AsyncSession, *, user: str, reason: str, at: datetime) -> int:
    """Resume as the operating system's user, who is somebody else than who halted.

    Raises NothingHalted, SamePerson.
    """
    standing = await standing_halt(tx)
    released = await resume(tx, by=user, identity=user, at=at)
    await record(tx, _resumed_from_command_line(standing.id, user, said(reason), at))
    return released


def _resumed_from_command_line(override: str, user: str, reason: str, at: datetime) -> Entry:
    return Entry(
        kind=EntryKind.OVERRIDE,
        type="override.resume_agents",
        actor=Actor("person", "operator", identity=user),
        at=at,
        subject=override,
        details={"override": override, "from": "command line"},
        rationale=reason,
        approvals=NotApplicable(not_applicable=Absence.NO_APPROVAL_NEEDED),
        impact=IMPACT,
        rollback_plan=ROLLBACK_PLAN,
        artifacts=NotApplicable(not_applicable=Absence.NO_ARTIFACTS),
    )
