"""Finding entries: newest first, a page at a time, with their numbers once they have them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.audit.commitments import Opening
from governance.audit.entries import EntryKind, Part
from governance.audit.log_names import log_names
from governance.audit.sealing import read_openings
from governance.audit.tables import EntryRow, LeafRow, OpeningsRow

PAGE = 20
"""Entries on a page, unless told."""

_ENTRIES = select(EntryRow.id, LeafRow.number, EntryRow.data).outerjoin(LeafRow, LeafRow.entry == EntryRow.id)


@dataclass(frozen=True, slots=True)
class Found:
    """An entry as it was recorded. `number` is None while it waits for one.

    `data` are the bytes that were hashed, as text; `content` the same, read. `openings` are there only
    if they were asked for, and lack what was erased.
    """

    id: str
    number: int | None
    data: str
    openings: Mapping[str, Opening]

    @property
    def content(self) -> dict[str, Any]:
        """The recorded parts; those that were committed to read `{"commitment": hex}`."""
        content: dict[str, Any] = json.loads(self.data)
        return content

    def part(self, part: Part) -> Any:
        """A committed part's value. None if it does not apply, was erased, or was not asked for.

        Raises `OpeningMismatch` if what is stored beside the log is not what was committed to.
        """
        opening = self.openings.get(part)
        if opening is None:
            return None
        content = self.content
        holder = content["actor"] if part is Part.IDENTITY else content
        opening.check(holder[part.value]["commitment"])
        return json.loads(opening.value)


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for; None asks for nothing in particular. `since` ≤ time < `until`.

    `type` is exact, `type_contains` any part of it. `actor` is a person's or an agent's id, or a name in the
    log. `before` is an entry's id: the page goes on below it.
    """

    kinds: Sequence[EntryKind] = ()
    type: str | None = None
    type_contains: str | None = None
    actor: str | None = None
    subject: str | None = None
    turn: str | None = None
    effect: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: str | None = None


async def find(tx: AsyncSession, query: Query, *, limit: int = PAGE, opened: bool = False) -> list[Found]:
    """Entries that match, newest first. With `opened`, for those who may see it, what is committed too."""
    conditions = _conditions(query)
    if query.actor is not None:
        called = await log_names(tx, [query.actor])
        conditions.append(EntryRow.actor.in_({query.actor, *called.values()}))
    chosen = _ENTRIES.where(*conditions).order_by(EntryRow.id.desc()).limit(limit)
    found = [Found(entry, number, data, {}) for entry, number, data in await tx.execute(chosen)]
    return await _open(tx, found) if opened else found


async def entry(tx: AsyncSession, entry_id: str, *, opened: bool = False) -> Found | None:
    """One entry by its id."""
    return await _one(tx, EntryRow.id == entry_id, opened)


async def entry_numbered(tx: AsyncSession, number: int, *, opened: bool = False) -> Found | None:
    """One entry by its number."""
    return await _one(tx, LeafRow.number == number, opened)


async def _one(tx: AsyncSession, condition: ColumnElement[bool], opened: bool) -> Found | None:
    row = (await tx.execute(_ENTRIES.where(condition))).one_or_none()
    if row is None:
        return None
    found = Found(row.id, row.number, row.data, {})
    return (await _open(tx, [found]))[0] if opened else found


def _conditions(query: Query) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.kinds:
        conditions.append(EntryRow.kind.in_([kind.value for kind in query.kinds]))
    for name in ("type", "subject", "turn", "effect"):
        value = getattr(query, name)
        if value is not None:
            conditions.append(getattr(EntryRow, name) == value)
    if query.type_contains is not None:
        conditions.append(EntryRow.type.contains(query.type_contains, autoescape=True))
    if query.since is not None:
        conditions.append(EntryRow.at >= query.since)
    if query.until is not None:
        conditions.append(EntryRow.at < query.until)
    if query.before is not None:
        conditions.append(EntryRow.id < query.before)
    return conditions


async def _open(tx: AsyncSession, found: list[Found]) -> list[Found]:
    rows = await tx.execute(
        select(OpeningsRow.entry, OpeningsRow.openings).where(OpeningsRow.entry.in_([f.id for f in found]))
    )
    openings = {entry_id: read_openings(stored) for entry_id, stored in rows}
    return [replace(f, openings=openings.get(f.id, {})) for f in found]
