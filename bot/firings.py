"""Firings: one row for each schedule and due time, so that two clocks never do a thing twice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.tables import FiringRow


async def fire_once(tx: AsyncSession, schedule: str, due: datetime) -> bool:
    """Whether this firing is ours: True for the first clock that asks, False for every other."""
    row = insert(FiringRow).values(schedule=schedule, due=due, fired=text("now()")).on_conflict_do_nothing()
    return (await tx.execute(row.returning(FiringRow.schedule))).scalar() is not None
