"""Deliveries of webhooks as rows: each is kept once, for a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped

KEPT = timedelta(days=30)
MOST_KEPT = 10_000
"""A delivery that comes again after so long, or after so many others, is taken for a new one."""


class Delivered(Protocol):
    """An event; the other columns of its row are its fields of the same names."""

    @property
    def at(self) -> datetime:
        """When it came."""


class DeliveryRow(TenantScoped, Base):
    """What every event has: the sender and its own id of it, and the SHA-256 of what was sent."""

    __abstract__ = True

    source: Mapped[str] = mapped_column(primary_key=True)
    delivery: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    kind: Mapped[str]
    action: Mapped[str]
    at: Mapped[datetime]


async def keep_once(tx: AsyncSession, row: type[DeliveryRow], event: Delivered) -> bool:
    """Whether this is news: the same delivery, or the same thing under another id, was not kept before."""
    newest = select(row.at).order_by(row.at.desc())
    too_many = (await tx.execute(newest.offset(MOST_KEPT - 2).limit(1))).scalar()
    oldest = max(event.at - KEPT, too_many) if too_many else event.at - KEPT
    await tx.execute(delete(row).where(row.at < oldest))
    columns = row.__table__.columns.keys()
    values = {name: getattr(event, name) for name in columns if name != "tenant"}
    new = insert(row).values(**values).on_conflict_do_nothing().returning(row.delivery)
    return (await tx.execute(new)).first() is not None
