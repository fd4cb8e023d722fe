"""The shell's rows: what came in, what goes out, buttons and files that were shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKeyConstraint, Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class InboxRow(TenantScoped, Base):
    """One thing said or clicked, stored before it is acknowledged.

    `key` is the platform's own id of the event, so that a repeated delivery finds this row.
    `state`: stored | done | failed.
    """

    __tablename__ = "inbox"
    __table_args__ = (UniqueConstraint("tenant", "platform", "key"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    platform: Mapped[str]
    key: Mapped[str]
    identity: Mapped[str]
    place: Mapped[dict[str, Any]]
    what: Mapped[dict[str, Any]]
    received: Mapped[datetime] = mapped_column(server_default=text("now()"))
    state: Mapped[str] = mapped_column(server_default=text("'stored'"))
    intent: Mapped[str | None]
    confidence: Mapped[float | None]
    finished: Mapped[datetime | None]
    failure: Mapped[str | None]


class OutboxRow(TenantScoped, Base):
    """One message to post or edit, in order per thread.

    `key` names the message within its thread: the reply's own, or, where that has buttons and no key, the row's
    id, so that whatever can be pressed can be brought up to date.
    `state`: waiting | posted | failed | superseded (a newer edit of the same message was waiting too).
    `attempted` is when it was last handed to a platform that may have taken it without our knowing.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index(None, "tenant", "thread", "number"),
        Index(None, "tenant", "turn"),
        Index(None, "tenant", "key"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    platform: Mapped[str]
    thread: Mapped[str]
    place: Mapped[dict[str, Any]]
    reply: Mapped[dict[str, Any]]
    key: Mapped[str | None]
    turn: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    message: Mapped[str | None]
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))
    posted: Mapped[datetime | None]
    failure: Mapped[str | None]
    attempted: Mapped[datetime | None]


class PostedMessageRow(TenantScoped, Base):
    """Which platform message carries a reply's key in a thread, so that the next reply edits it."""

    __tablename__ = "posted_messages"

    thread: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    message: Mapped[str]


class ButtonRow(TenantScoped, Base):
    """What a button means. Its token is all that the platform ever sees."""

    __tablename__ = "buttons"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "outbox"], ["outbox.tenant", "outbox.id"]),
        Index(None, "tenant", "subject"),
    )

    token: Mapped[str] = mapped_column(primary_key=True)
    outbox: Mapped[str]
    verb: Mapped[str]
    subject: Mapped[str]
    form: Mapped[dict[str, Any] | None]


class FileRow(TenantScoped, Base):
    """A picture or document that a card shows. `restricted` files open only for those who may see why."""

    __tablename__ = "files"
    __table_args__ = (Index(None, "tenant", "name", "created"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    media_type: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    scope: Mapped[dict[str, Any]]
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ConsoleMessageRow(TenantScoped, Base):
    """The console's own channel history: what a chat platform would keep for us."""

    __tablename__ = "console_messages"
    __table_args__ = (Index(None, "tenant", "channel", "thread", "number"), UniqueConstraint("tenant", "key"))

    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    channel: Mapped[str]
    thread: Mapped[str]
    author: Mapped[str]
    key: Mapped[str | None]
    text_: Mapped[str] = mapped_column("text")
    reply: Mapped[dict[str, Any] | None]
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))
    edited: Mapped[datetime | None]
