"""What a tracker tells by itself. An event only says *look here*: what stands there is asked of the tracker.

So one that comes late, twice or in another order than it was sent tells nothing wrong. Each is kept once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from sqlalchemy import Index
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped

from integrations.alerts import Delivery
from integrations.kept_deliveries import DeliveryRow, keep_once
from storage.jobs import defer_once


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


class TrackerEventRow(DeliveryRow):
    """An event as it came. Nothing changes it."""

    __tablename__ = "tracker_events"
    __table_args__ = (
        Index(None, "tenant", "source", "digest", unique=True),
        Index(None, "tenant", "at"),
    )

    project: Mapped[str | None]
    item: Mapped[str | None]


async def store_event(tx: AsyncSession, event: TrackerEvent) -> bool:
    """Whether this is news: the same delivery, or the same thing under another id, was not stored before. Then
    its project is looked at, once `tx` commits: once, however much happens in it meanwhile."""
    if not await keep_once(tx, TrackerEventRow, event):
        return False
    project = event.project or ""
    await defer_once(tx, "look_at_tracker", {"project": project}, f"tracker:{project}")
    return True
