"""What a code host tells by itself. An event only says *look here*: what stands there is asked of the host.

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


class CodeEventKind(StrEnum):
    """What an event is about. `access`: what we may see or do has changed."""

    PULL_REQUEST = "pull request"
    REVIEW = "review"
    CHECK = "check"
    PUSH = "push"
    ACCESS = "access"


@dataclass(frozen=True, slots=True)
class CodeEvent:
    """Something happened at the code host `source`. `delivery` is the sender's own id of it, `digest` the
    SHA-256 of what was sent; `action` is the sender's word. What it does not tell is None."""

    source: str
    delivery: str
    digest: str
    kind: CodeEventKind
    action: str
    repository: str | None
    at: datetime
    number: int | None = None
    branch: str | None = None
    sha: str | None = None


@runtime_checkable
class CodeWebhooks(Protocol):
    """A code host that tells by itself. Pure: what was sent before is the caller's to know."""

    def receive(self, delivery: Delivery) -> CodeEvent | None:
        """The event of a delivery that proves where it comes from; None where it tells of something else, or is
        for somebody else. Raises SwitchedOff, NotProved, Unreadable."""

    def forget(self) -> None:
        """What may be seen has changed: it is asked again."""


class CodeEventRow(DeliveryRow):
    """An event as it came. Nothing changes it."""

    __tablename__ = "code_events"
    __table_args__ = (
        Index(None, "tenant", "source", "digest", unique=True),
        Index(None, "tenant", "at"),
    )

    repository: Mapped[str | None]
    number: Mapped[int | None]
    branch: Mapped[str | None]
    sha: Mapped[str | None]


async def store_event(tx: AsyncSession, event: CodeEvent) -> bool:
    """Whether this is news: the same delivery, or the same thing under another id, was not stored before. Then
    those who wait for its repository look at it, once `tx` commits."""
    if not await keep_once(tx, CodeEventRow, event):
        return False
    await wake(tx, event.repository or "")
    return True


async def wake(tx: AsyncSession, repository: str) -> None:
    """Let those who wait for a repository look at it, once `tx` commits; for any of them, where none is named.
    Of one repository one look waits at most, however much happens in it."""
    await defer_once(tx, "look_at_code", {"repository": repository}, f"code:{repository}")
