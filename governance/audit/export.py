"""Exports: the whole log as JSON Lines, which `verifier.py` verifies without anything else.

The format is described there. Values that were committed to are resolved for those who may see them.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from governance.audit.canonical import moment
from governance.audit.openings import read_content, read_object
from governance.audit.signed_note import VerifierKey
from governance.audit.verifier import FORMAT
from storage.database import Database

_CHUNK = 2000

Reveal = Callable[[Mapping[str, Any]], bool]
"""Whether the reader may see what is committed to in an entry, given its content (`Found.content`)."""

_PEOPLE = text("SELECT log_name, name FROM people")

_SIZE = text("SELECT coalesce(max(size), 0) FROM audit_checkpoints")

# What was erased while an export was written is missing in it: it goes on to the entry that says so.
_SIZE_WITH_ERASURES = text(
    """
    SELECT coalesce(min(size), 0) FROM audit_checkpoints WHERE size > (
        SELECT max(l.number) FROM audit_entries e JOIN audit_leaves l ON l.entry = e.id
        WHERE e.type = 'audit.erased' AND l.number >= :size
    )
    """
)

_ENTRIES = text(
    """
    SELECT l.number, e.data, o.openings
    FROM audit_leaves l
    LEFT JOIN audit_entries e ON e.id = l.entry
    LEFT JOIN audit_openings o ON o.entry = l.entry
    WHERE l.number >= :first AND l.number < :past ORDER BY l.number
    """
)

_CHECKPOINTS = text(
    "SELECT size, note FROM audit_checkpoints WHERE size > :first AND size <= :past ORDER BY size"
)


def nothing(_content: Mapping[str, Any]) -> bool:
    """Reveal nothing: the log as it is, commitments unopened, people by their names in the log."""
    return False


def everything(_content: Mapping[str, Any]) -> bool:
    """Reveal all that was not erased: for an auditor within an audit window."""
    return True


async def export(
    database: Database, tenant: str, key: VerifierKey, reveal: Reveal = nothing
) -> AsyncIterator[str]:
    """The lines of an export, each with its newline: everything numbered at the moment of the call.

    Reads in small transactions: numbered rows never change, so together they show one state. Only openings
    may go meanwhile; then it ends with the entry that says so.
    """
    async with database.transaction(tenant) as tx:
        size: int = (await tx.execute(_SIZE)).scalar_one()
    yield _line(
        {
            "format": FORMAT,
            "origin": key.name,
            "key": str(key),
            "at": moment(datetime.now(UTC)),
        }
    )
    first = checkpoints = opened = 0
    while first < size:
        past = min(first + _CHUNK, size)
        async with database.transaction(tenant) as tx:
            records = await _chunk(tx, first, past, reveal)
            if past == size:
                size = max(size, (await tx.execute(_SIZE_WITH_ERASURES, {"size": size})).scalar_one())
        for record in records:
            checkpoints += "checkpoint" in record
            opened += "openings" in record
            yield _line(record)
        first = past
    yield _line({"end": {"entries": size, "checkpoints": checkpoints, "opened": opened}})


async def _chunk(tx: AsyncSession, first: int, past: int, reveal: Reveal) -> list[dict[str, Any]]:
    bounds = {"first": first, "past": past}
    notes = {row.size: row.note for row in await tx.execute(_CHECKPOINTS, bounds)}
    people = {row.log_name: row.name for row in await tx.execute(_PEOPLE)}
    records: list[dict[str, Any]] = []
    for number, data, openings in await tx.execute(_ENTRIES, bounds):
        record = {"entry": number, "data": data}
        content = read_content(data or "")
        if content and reveal(content):
            record["openings"] = _as_stored(openings)
            record["people"] = {called: people[called] for called in _called(content) if called in people}
        records.append(record)
        if number + 1 in notes:
            records.append({"checkpoint": notes[number + 1]})
    return records


def _as_stored(openings: str | None) -> Any:
    """What is stored to open an entry, whatever it is: the verifier judges it."""
    if openings is None:
        return {}
    try:
        return read_object(openings)
    except ValueError:
        return openings


def _called(content: Mapping[str, Any]) -> list[str]:
    """Whom an entry names: the actor, the requester, the voters."""
    try:
        actor, votes = content["actor"], content["approvals"].get("votes", ())
        named = (actor["id"], actor["on_behalf_of"], *(vote["person"] for vote in votes))
    except (KeyError, TypeError, AttributeError):
        return []  # no entry of ours: the verifier says so
    return [one for one in named if isinstance(one, str)]


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"
