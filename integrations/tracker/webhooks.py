"""What a tracker tells by itself. An event only says *look here*: what stands there is asked of the tracker.

So one that comes late, twice or in another order than it was sent tells nothing wrong. Each is kept once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

from sqlalchemy import Index, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from integrations.alerts import Delivery
from storage.jobs import defer_once
from storage.schema import Base, TenantScoped

KEPT = timedelta(days=30)
MOST_KEPT = 10_000
"""A delivery that comes again after so long, or after so many others, is taken for a new one."""


class TrackerEventKind(StrEnum):
    """What an event is about. `shape`: what the tracker itself is like has changed."""

    ITEM = "item"
    SPRINT = "sprint"
    SHAPE = "shape"


@dataclass(frozen=True, slots=True)
class TrackerEvent:
    """Something happened in the tracker `source`. `delivery` is the sender's own id of it, `digest` the SHA-256
    of what was sent; `action` is the sender's word. What it does not tell is None."""

    source: str
    delivery: str
    digest: str
    kind: TrackerEventKind
    action: str
    project: str | None
    item: str | None
    at: datetime


@runtime_checkable
class TrackerWebhooks(Protocol):
    """A tracker that tells by itself. Pure: what was sent before is the caller's to know."""

    def receive(self, delivery: Delivery) -> TrackerEvent | None:
        """The event of a delivery that proves where it comes from; None where it tells of something else, or of
        somebody else's. Raises SwitchedOff, NotProved, Unreadable."""

    def forget(self) -> None:
        """What the tracker is like has changed: it is looked up again."""


class TrackerEventRow(TenantScoped, Base):
    """An event as it came. Nothing changes it."""

    __tablename__ = "tracker_events"
    __table_args__ = (
        Index(None, "tenant", "source", "digest", unique=True),
        Index(None, "tenant", "at"),
    )

    source: Mapped[str] = mapped_column(primary_key=True)
    delivery: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    kind: Mapped[str]
    action: Mapped[str]
    project: Mapped[str | None]
    item: Mapped[str | None]
    at: Mapped[datetime]


async def store_event(tx: AsyncSession, event: TrackerEvent) -> bool:
    """Whether this is news: the same delivery, or the same thing under another id, was not stored before. Then
    its project is looked at, once `tx` commits: once, however much happens in it meanwhile."""
    newest = select(TrackerEventRow.at).order_by(TrackerEventRow.at.desc())
    too_many = (await tx.execute(newest.offset(MOST_KEPT - 2).limit(1))).scalar()
    oldest = max(event.at - KEPT, too_many) if too_many else event.at - KEPT
    await tx.execute(delete(TrackerEventRow).where(TrackerEventRow.at < oldest))
    columns = TrackerEventRow.__table__.columns.keys()
    values = {name: getattr(event, name) for name in columns if name != "tenant"}
    new = insert(TrackerEventRow).values(**values).on_conflict_do_nothing().returning(TrackerEventRow.delivery)
    if (await tx.execute(new)).first() is None:
        return False
    project = event.project or ""
    await defer_once(tx, "look_at_tracker", {"project": project}, f"tracker:{project}")
    return True
