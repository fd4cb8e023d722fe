"""What a conversation leaves behind: each thread's memory, and what people thought of the answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class ThreadRow(TenantScoped, Base):
    """One thread's memory: what was last asked for, and what "it" means. `topic` holds ids by kind
    (`plan`, `approval`, `story`, `document`, …)."""

    __tablename__ = "threads"

    key: Mapped[str] = mapped_column(primary_key=True)
    intent: Mapped[str | None]
    topic: Mapped[dict[str, Any]]
    changed: Mapped[datetime] = mapped_column(server_default=text("now()"))


class FeedbackRow(TenantScoped, Base):
    """Was this useful, and how far is it trusted (1 to 5), in a person's own words."""

    __tablename__ = "feedback"

    id: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str]
    turn: Mapped[str | None]
    useful: Mapped[bool | None]
    trust: Mapped[int | None]
    comment: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ActRow(TenantScoped, Base):
    """Something that somebody's words set going, so that it can be corrected or taken back in words.

    `effect` is the gate's; `reference` what a request without an effect (a subscription, a summary's
    settings) is found by. `words` are what was asked, `before` the act that this one took the place of.
    """

    __tablename__ = "acts"
    __table_args__ = (Index(None, "tenant", "person", "at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str]
    thread: Mapped[str]
    channel: Mapped[str]
    request: Mapped[str]
    words: Mapped[str]
    effect: Mapped[str | None]
    reference: Mapped[str | None]
    before: Mapped[str | None]
    at: Mapped[datetime]
    taken_back: Mapped[datetime | None]
