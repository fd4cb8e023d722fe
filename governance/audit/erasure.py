"""Erasure: what was committed to goes; the log stays, verifies as before, and says that it went."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable, Part
from governance.audit.log import record
from governance.audit.log_names import log_names, unlearn
from governance.audit.sealing import read_openings, write_openings
from governance.audit.tables import EntryRow, OpeningsRow
from governance.directory import lock_people, person_by_id
from governance.people import Actor
from governance.tables import NEW_LOG_NAME, PersonRow


class NothingToErase(LookupError):
    """The entry is unknown, or those parts of it do not exist or were erased before."""


async def erase(tx: AsyncSession, entry_id: str, parts: Collection[Part], actor: Actor, rationale: str) -> str:
    """Destroy the openings of these parts of an entry, salts included, and record that it was done.

    Returns the id of the entry that says so. Raises `NothingToErase`.
    """
    erased = await _destroy(tx, entry_id, parts)
    if not erased:
        raise NothingToErase(f"nothing of entry {entry_id} is left to erase")
    return await record(tx, _erasure(entry_id, erased, actor, rationale))


class StillAtWork(Exception):
    """Whoever holds a role in the department acts, and the log has to say who it is."""


async def forget(tx: AsyncSession, person: str, actor: Actor, rationale: str) -> int:
    """Take somebody's name in the log away from them, with the chat identities that they spoke as.

    What they did stays in the log, done by nobody in particular; what was said is erased entry by entry
    (see `erase`). Returns how many entries were theirs. Raises NoSuchPerson, StillAtWork.
    """
    await lock_people(tx)  # so that nobody gives them a role meanwhile
    known = await person_by_id(tx, person)
    if known.active and known.roles:
        raise StillAtWork(f"{known.name} still holds a role; take the roles away first.")
    unlearn(tx, person)
    called = (await log_names(tx, [person]))[person]
    theirs = select(EntryRow.id).where(EntryRow.actor.in_((person, called)))
    entries = (await tx.execute(theirs)).scalars().all()
    for entry in entries:
        await _destroy(tx, entry, [Part.IDENTITY])
    about = await tx.execute(select(EntryRow.id).where(EntryRow.subject.in_((person, called))))
    for entry in about.scalars():
        await _destroy(tx, entry, [Part.DETAILS])  # of their chat identities and addresses
    unlearn(tx, person)
    fresh = {"log_name": text(NEW_LOG_NAME)}
    await tx.execute(update(PersonRow).where(PersonRow.id == person).values(fresh))
    await record(tx, _forgotten(called, len(entries), actor, rationale))
    return len(entries)


async def _destroy(tx: AsyncSession, entry_id: str, parts: Collection[Part]) -> list[str]:
    """Delete the openings of these parts of an entry; which there were."""
    stored = (
        await tx.execute(select(OpeningsRow.openings).where(OpeningsRow.entry == entry_id).with_for_update())
    ).scalar_one_or_none()
    openings = read_openings(stored) if stored is not None else {}
    erased = sorted(openings.keys() & {part.value for part in parts})
    if erased:
        kept = {part: opening for part, opening in openings.items() if part not in erased}
        await tx.execute(
            update(OpeningsRow).where(OpeningsRow.entry == entry_id).values(openings=write_openings(kept))
        )
    return erased


def _forgotten(called: str, entries: int, actor: Actor, rationale: str) -> Entry:
    return Entry(
        kind=EntryKind.SYSTEM,
        type="audit.forgotten",
        actor=actor,
        subject=called,
        details={"entries": entries},
        rationale=rationale,
        approvals=NotApplicable(not_applicable=Absence.NO_APPROVAL_NEEDED),
        impact="Nobody can tell any more who was called so. What they did stays in the log.",
        rollback_plan="None: who it was is not kept.",
        artifacts=NotApplicable(not_applicable=Absence.NO_ARTIFACTS),
    )


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
