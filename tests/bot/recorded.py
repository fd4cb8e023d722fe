"""What the log holds, with people by their ids instead of by their names in the log."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_ENTRIES = """
    SELECT kind, coalesce(people.id, actor), subject, data FROM audit_entries
    LEFT JOIN people ON log_name = actor WHERE type = :type ORDER BY audit_entries.id
"""


@dataclass(frozen=True)
class Recorded:
    """An entry; `data` is its JSON as it was hashed."""

    kind: str
    actor: str
    subject: str | None
    data: str


async def recorded(tx: AsyncSession, entry_type: str) -> list[Recorded]:
    """The entries of one type, oldest first."""
    return [Recorded(*row) for row in await tx.execute(text(_ENTRIES), {"type": entry_type})]
