"""Erasure: what was committed to goes; the log stays, verifies as before, and names what went.

An entry without its openings verifies only if an entry after it says that they were erased.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from governance.audit.commitments import OpeningMismatch
from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable, Part
from governance.audit.log import record
from governance.audit.log_names import log_names, unlearn
from governance.audit.openings import read_openings
from governance.audit.sealing import write_openings
from governance.audit.tables import EntryRow
from governance.directory import lock_people, person_by_id
from governance.people import Actor
from governance.tables import NEW_LOG_NAME, IdentityRow, PersonRow
from storage import direct

_AT_ONCE = 500
"""Entries that one entry says were erased: some 25 KB of it."""

_LISTED = 20

_STORED = "SELECT entry, openings FROM audit_openings WHERE entry = ANY(%(entries)s) ORDER BY entry FOR UPDATE"

_KEEP = """
    UPDATE audit_openings o SET openings = kept.openings
    FROM unnest(%(entries)s::text[], %(openings)s::text[]) AS kept (entry, openings) WHERE o.entry = kept.entry
"""

_NAMING = """
    SELECT l.number, count(*) OVER () FROM audit_openings o JOIN audit_leaves l ON l.entry = o.entry
    WHERE o.openings ~* %(named)s ORDER BY l.number LIMIT %(most)s
"""


class NothingToErase(LookupError):
    """The entry is unknown, or those parts of it do not exist or were erased before."""


class StillAtWork(Exception):
    """Whoever holds a role in the department acts, and the log has to say who it is."""


@dataclass(frozen=True, slots=True)
class Naming:
    """Numbered entries whose texts hold an id, name or address of somebody: the first ones, and how many."""

    numbers: tuple[int, ...] = ()
    count: int = 0


async def erase(tx: AsyncSession, entry_id: str, parts: Collection[Part], actor: Actor, rationale: str) -> str:
    """Destroy the openings of these parts of an entry, salts included, and record that it was done.

    Returns the id of the entry that says so. Raises `NothingToErase`.
    """
    erased = await _destroy(tx, {entry_id: parts})
    if not erased:
        raise NothingToErase(f"nothing of entry {entry_id} is left to erase")
    return await record(tx, _erasure(erased, entry_id, actor, rationale))


async def forget(tx: AsyncSession, person: str, actor: Actor, rationale: str) -> int:
    """Take somebody's name in the log away from them, with all by which it says whose that was.

    That is the chat identities that they spoke as; where they spoke, what they said there and what they
    were answered; and what was noted of their accounts. What they did stays, done by nobody in particular.
    Returns how many entries were theirs. Raises NoSuchPerson, StillAtWork.
    """
    await lock_people(tx)  # so that nobody gives them a role meanwhile
    known = await person_by_id(tx, person)
    if known.active and known.roles:
        raise StillAtWork(f"{known.name} still holds a role; take the roles away first.")
    unlearn(tx, person)
    called = (await log_names(tx, [person]))[person]
    telling: dict[str, set[Part]] = defaultdict(set)
    theirs = (
        await tx.execute(select(EntryRow.id, EntryRow.type).where(EntryRow.actor.in_((person, called))))
    ).all()
    for entry, kind in theirs:
        telling[entry] |= {Part.IDENTITY, Part.DETAILS} if kind.startswith("turn.") else {Part.IDENTITY}
    about = await tx.execute(select(EntryRow.id).where(EntryRow.subject.in_((person, called))))
    for entry in about.scalars():
        telling[entry].add(Part.DETAILS)
    for some in _in_batches(telling):
        if erased := await _destroy(tx, some):
            await record(tx, _erasure(erased, called, actor, rationale))
    unlearn(tx, person)
    fresh = {"log_name": text(NEW_LOG_NAME)}
    await tx.execute(update(PersonRow).where(PersonRow.id == person).values(fresh))
    await record(tx, _forgotten(called, len(theirs), actor, rationale))
    return len(theirs)


async def still_naming(tx: AsyncSession, person: str) -> Naming:
    """Which entries' texts may still name somebody of the department. Reads all openings."""
    known = (await tx.execute(select(PersonRow).where(PersonRow.id == person))).scalar_one()
    identities = await tx.execute(select(IdentityRow.identity).where(IdentityRow.person == person))
    words = [word for word in known.name.split() if len(word) > 2]
    named = {known.id, known.name, *words, *identities.scalars(), *filter(None, [known.email])}
    # As they are written there: JSON in ASCII.
    written = (re.escape(json.dumps(one)[1:-1]) for one in named)
    pattern = rf"\m(?:{'|'.join(sorted(written))})\M"
    rows = await direct.rows(tx, _NAMING, {"named": pattern, "most": _LISTED})
    return Naming(tuple(number for number, _ in rows), rows[0][1]) if rows else Naming()


def _in_batches(telling: Mapping[str, Collection[Part]]) -> Iterator[dict[str, Collection[Part]]]:
    entries = sorted(telling)
    for first in range(0, len(entries), _AT_ONCE):
        yield {entry: telling[entry] for entry in entries[first : first + _AT_ONCE]}


async def _destroy(tx: AsyncSession, wanted: Mapping[str, Collection[Part]]) -> dict[str, tuple[Part, ...]]:
    """Delete the openings of these parts of entries; which there were, by entry."""
    erased: dict[str, tuple[Part, ...]] = {}
    kept: dict[str, str] = {}
    for entry, stored in await direct.rows(tx, _STORED, {"entries": list(wanted)}):
        try:
            openings = read_openings(stored)
            gone = tuple(part for part in Part if part in wanted[entry] and part.value in openings)
        except OpeningMismatch:  # whatever it is, it goes
            openings, gone = {}, tuple(part for part in Part if part in wanted[entry])
        if gone:
            erased[entry] = gone
            kept[entry] = write_openings({part: held for part, held in openings.items() if part not in gone})
    if kept:
        await direct.run(tx, _KEEP, {"entries": list(kept), "openings": list(kept.values())})
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


def _erasure(erased: Mapping[str, tuple[Part, ...]], subject: str, actor: Actor, rationale: str) -> Entry:
    return Entry(
        kind=EntryKind.SYSTEM,
        type="audit.erased",
        actor=actor,
        subject=subject,
        erases=erased,
        rationale=rationale,
        approvals=NotApplicable(not_applicable=Absence.NO_APPROVAL_NEEDED),
        impact="What it names can no longer be read. What was committed to stays in the log.",
        rollback_plan="None: the salts are gone.",
        artifacts=NotApplicable(not_applicable=Absence.NO_ARTIFACTS),
    )
