"""The embedded calendar's rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class EventRow(TenantScoped, Base):
    """A meeting. `addresses` are its guests', in small letters."""

    __tablename__ = "calendar_events"
    __table_args__ = (Index(None, "tenant", "starts"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    zone: Mapped[str]
    organiser: Mapped[dict[str, Any]]
    guests: Mapped[list[Any]]
    addresses: Mapped[list[str]] = mapped_column(ARRAY(Text))
    about: Mapped[str]
    pre_read: Mapped[dict[str, Any] | None]
    sequence: Mapped[int] = mapped_column(server_default=text("0"))
    cancelled: Mapped[bool] = mapped_column(server_default=text("false"))


class EventChangeRow(TenantScoped, Base):
    """An effect on a meeting, by its grant."""

    __tablename__ = "calendar_changes"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "event"], ["calendar_events.tenant", "calendar_events.id"]),
        Index(None, "tenant", "event"),
    )

    grant_id: Mapped[str] = mapped_column(primary_key=True)
    event: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
