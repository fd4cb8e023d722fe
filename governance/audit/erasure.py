"""Erasure: what was committed to goes; the log stays, verifies as before, and says that it went."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable, Part
from governance.audit.log import record
from governance.audit.sealing import read_openings, write_openings
from governance.audit.tables import OpeningsRow
from governance.people import Actor


class NothingToErase(LookupError):
    """The entry is unknown, or those parts of it do not exist or were erased before."""


async def erase(tx: AsyncSession, entry_id: str, parts: Collection[Part], actor: Actor, rationale: str) -> str:
    """Destroy the openings of these parts of an entry, salts included, and record that it was done.

    Returns the id of the entry that says so. Raises `NothingToErase`.
    """
    stored = (
        await tx.execute(select(OpeningsRow.openings).where(OpeningsRow.entry == entry_id).with_for_update())
    ).scalar_one_or_none()
    openings = read_openings(stored) if stored is not None else {}
    erased = sorted(openings.keys() & {part.value for part in parts})
    if not erased:
        raise NothingToErase(f"nothing of entry {entry_id} is left to erase")
    kept = {part: opening for part, opening in openings.items() if part not in erased}
    await tx.execute(
        update(OpeningsRow).where(OpeningsRow.entry == entry_id).values(openings=write_openings(kept))
    )
    return await record(tx, _erasure(entry_id, erased, actor, rationale))


def _erasure(entry_id: str, erased: list[str], actor: Actor, rationale: str) -> Entry:
    return Entry(
        kind=EntryKind.SYSTEM,
        type="audit.erased",
        actor=actor,
        subject=entry_id,
        details={"parts": list(erased)},
        rationale=rationale,
        approvals=NotApplicable(not_applicable=Absence.NO_APPROVAL_NEEDED),
        impact="These parts of the entry can no longer be read. What was committed to stays in the log.",
        rollback_plan="None: the salts are gone.",
        artifacts=(f"entry:{entry_id}",),
    )
