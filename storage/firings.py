"""Firings of schedules: each due time belongs to the clock that asks first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class FiringRow(TenantScoped, Base):
    """A schedule's due time that some clock has fired."""

    __tablename__ = "firings"

    schedule: Mapped[str] = mapped_column(primary_key=True)
    due: Mapped[datetime] = mapped_column(primary_key=True)
    fired: Mapped[datetime]


async def fire_once(tx: AsyncSession, schedule: str, due: datetime) -> bool:
    """Whether this firing is ours: True for the first clock that asks, False for every other."""
    row = insert(FiringRow).values(schedule=schedule, due=due, fired=text("now()")).on_conflict_do_nothing()
    return (await tx.execute(row.returning(FiringRow.schedule))).scalar() is not None


async def last_fired(tx: AsyncSession, schedules: Sequence[str]) -> Mapping[str, datetime]:
    """The due times that were fired last, of those schedules that were fired at all."""
    query = select(FiringRow.schedule, func.max(FiringRow.due)).where(FiringRow.schedule.in_(schedules))
    return {row[0]: row[1] for row in await tx.execute(query.group_by(FiringRow.schedule))}
