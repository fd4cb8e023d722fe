"""What a rota says, asked with no transaction open, and kept for those who hold one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.rota import Rota, RotaError, Shift
from integrations.rota.tables import RotaRow
from storage.database import Database
from storage.look import Away

ASKED_EVERY = 60.0
HOLDS_FOR = timedelta(minutes=10)
"""What it said longer ago says nothing of now."""

_SHIFTS = TypeAdapter(tuple[Shift, ...])


@dataclass(frozen=True, slots=True)
class KeptRota:
    """What is known of a rota: the `shifts` that go on, and `why` it says nothing of now, where that is so."""

    title: str
    shifts: tuple[Shift, ...]
    why: str | None


async def ask_and_keep(database: Database, tenant: str, source: str, rota: Rota, now: datetime) -> None:
    """Ask the rota, and keep what it says, or why it says nothing."""
    values: dict[str, Any] = {"title": rota.title, "asked": now, "why": None}
    try:
        shifts = await rota.on_call()
        values |= {"answered": now, "shifts": _SHIFTS.dump_python(shifts, mode="json")}
    except (Away, RotaError) as silent:
        values["why"] = str(silent)
    async with database.transaction(tenant) as tx:
        row = insert(RotaRow).values(source=source, **values)
        await tx.execute(row.on_conflict_do_update(index_elements=["tenant", "source"], set_=values))


async def kept(tx: AsyncSession, source: str, now: datetime) -> KeptRota:
    """What is known of a vendor's rota."""
    row = (await tx.execute(select(RotaRow).where(RotaRow.source == source))).scalar()
    if row is None:
        return KeptRota(source, (), "was not asked yet")
    if row.answered is None or row.answered <= now - HOLDS_FOR:
        return KeptRota(row.title, (), row.why or "was not asked for a while")
    shifts = _SHIFTS.validate_python(row.shifts)
    go_on = (
        one
        for one in shifts
        if (one.since is None or one.since <= now) and (one.until is None or now < one.until)
    )
    return KeptRota(row.title, tuple(go_on), None)
