"""Finding entries: newest first, a page at a time, with their numbers once they have them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.audit.commitments import OpeningMismatch
from governance.audit.entries import EntryKind, Part
from governance.audit.log_names import log_names
from governance.audit.openings import erased_by, promised, read_content, read_object, read_openings
from governance.audit.tables import EntryRow, LeafRow, OpeningsRow

PAGE = 20
"""Entries on a page, unless told."""

COUNTED = 10_000
"""Entries that are counted exactly; beyond, it is enough to know that there are more."""

_ENTRIES = select(EntryRow.id, LeafRow.number, EntryRow.data).outerjoin(LeafRow, LeafRow.entry == EntryRow.id)


class EntryUnreadable(Exception):
    """An entry that is not what any entry was recorded as. The text says which, for people."""


@dataclass(frozen=True, slots=True)
class Found:
    """An entry as it was recorded. `number` is None while it waits for one.

    `data` are the bytes that were hashed, as text; `content` the same, read: what was committed to reads
    `{"commitment": hex}`. `stored` is what opens that, and `erased` the parts that an entry says were
    erased; both only if `opened` was asked for.
    """

    id: str
    number: int | None
    data: str
    content: Mapping[str, Any]
    opened: bool = False
    stored: str | None = None
    erased: frozenset[str] = frozenset()

    def part(self, part: Part) -> Any:
        """A committed part's value. None if it does not apply, was erased, or was not asked for.

        Raises `OpeningMismatch` if what is stored beside the log is not what was committed to, or is gone
        and no entry says that it was erased.
        """
        commitment = promised(self.content).get(part)
        if not self.opened or commitment is None:
            return None
        opening = (read_openings(self.stored) if self.stored is not None else {}).get(part)
        if opening is not None:
            opening.check(commitment)
            return json.loads(opening.value)
        if part in self.erased:
            return None
        raise OpeningMismatch("nothing opens it any more, and no entry of the log says that it was erased")


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for; None, or nothing of several, asks for nothing in particular. `since` ≤ time < `until`.

    `type` is exact, `type_parts` are parts of it, any of which will do. `actor` is a person's or an agent's
    id, or a name in the log. `before` is an entry's id: the page goes on below it.
    """

    kinds: Sequence[EntryKind] = ()
    but_not: Sequence[EntryKind] = ()
    type: str | None = None
    type_parts: tuple[str, ...] = ()
    actor: str | None = None
    subject: str | None = None
    turn: str | None = None
    effect: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: str | None = None


async def find(tx: AsyncSession, query: Query, *, limit: int = PAGE, opened: bool = False) -> list[Found]:
    """Entries that match, newest first. With `opened`, for those who may see it, what is committed too.

    Raises EntryUnreadable.
    """
    conditions = await _conditions(tx, query)
    chosen = _ENTRIES.where(*conditions).order_by(EntryRow.id.desc()).limit(limit)
    found = [_read(*row) for row in await tx.execute(chosen)]
    return await _open(tx, found) if opened else found


async def count(tx: AsyncSession, query: Query) -> int:
    """How many entries match; of more than `COUNTED`, one more than that."""
    some = select(literal(1)).select_from(EntryRow).where(*await _conditions(tx, query)).limit(COUNTED + 1)
    return (await tx.execute(select(func.count()).select_from(some.subquery()))).scalar_one()


def count_words(number: int) -> str:
    """What `count` counted: `1,204`, `more than 10,000`."""
    return f"more than {COUNTED:,}" if number > COUNTED else f"{number:,}"


async def entry(tx: AsyncSession, entry_id: str, *, opened: bool = False) -> Found | None:
    """One entry by its id. Raises EntryUnreadable."""
    return await _one(tx, EntryRow.id == entry_id, opened)


async def entry_numbered(tx: AsyncSession, number: int, *, opened: bool = False) -> Found | None:
    """One entry by its number. Raises EntryUnreadable."""
    return await _one(tx, LeafRow.number == number, opened)


async def _one(tx: AsyncSession, condition: ColumnElement[bool], opened: bool) -> Found | None:
    row = (await tx.execute(_ENTRIES.where(condition))).one_or_none()
    if row is None:
        return None
    found = _read(*row)
    return (await _open(tx, [found]))[0] if opened else found


def _read(entry_id: str, number: int | None, data: str) -> Found:
    try:
        content = read_object(data)
        promised(content)
        EntryKind(content["kind"])
        datetime.fromisoformat(content["at"])
        return Found(entry_id, number, data, content)
    except (ValueError, KeyError, TypeError, OpeningMismatch) as error:
        which = entry_id if number is None else f"{number}"
        raise EntryUnreadable(
            f"Entry {which} of the log was changed and cannot be read: verify the log."
        ) from error


async def _conditions(tx: AsyncSession, query: Query) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.kinds:
        conditions.append(EntryRow.kind.in_([kind.value for kind in query.kinds]))
    if query.but_not:
        conditions.append(EntryRow.kind.not_in([kind.value for kind in query.but_not]))
    for name in ("type", "subject", "turn", "effect"):
        value = getattr(query, name)
        if value is not None:
            conditions.append(getattr(EntryRow, name) == value)
    if query.type_parts:
        parts = (EntryRow.type.contains(part, autoescape=True) for part in query.type_parts)
        conditions.append(or_(*parts))
    if query.actor is not None:
        called = await log_names(tx, [query.actor])
        conditions.append(EntryRow.actor.in_({query.actor, *called.values()}))
    if query.since is not None:
        conditions.append(EntryRow.at >= query.since)
    if query.until is not None:
        conditions.append(EntryRow.at < query.until)
    if query.before is not None:
        conditions.append(EntryRow.id < query.before)
    return conditions


async def _open(tx: AsyncSession, found: list[Found]) -> list[Found]:
    rows = select(OpeningsRow).where(OpeningsRow.entry.in_([f.id for f in found]))
    stored = {row.entry: row.openings for row in (await tx.execute(rows)).scalars()}
    erased = await _erased(tx, [f.id for f in found if _lacks_something(f, stored.get(f.id))])
    return [
        replace(f, opened=True, stored=stored.get(f.id), erased=erased.get(f.id, frozenset())) for f in found
    ]


def _lacks_something(found: Found, stored: str | None) -> bool:
    try:
        return not promised(found.content).keys() <= (read_openings(stored) if stored else {}).keys()
    except OpeningMismatch:
        return False


async def _erased(tx: AsyncSession, entries: Sequence[str]) -> dict[str, frozenset[str]]:
    """What entries say was erased of these."""
    if not entries:
        return {}
    naming = [EntryRow.data.contains(entry_id, autoescape=True) for entry_id in entries]
    erasures = select(EntryRow.data).where(EntryRow.type == "audit.erased", or_(*naming))
    erased: dict[str, frozenset[str]] = {}
    for data in (await tx.execute(erasures)).scalars():
        for entry_id, parts in erased_by(read_content(data)).items():
            erased[entry_id] = erased.get(entry_id, frozenset()) | parts
    return erased
