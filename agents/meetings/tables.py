"""The meetings that people asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class MeetingRow(TenantScoped, Base):
    """A meeting as the calendar has it; `state` is `booking` until it does, then `booked`, or `cancelled`.

    `organiser` is who asked for it, `people` are everybody in it, by id. `run` is the run of its last change,
    which may still be under way: what stands here is what was done. `link` is where it is met online.
    """

    __tablename__ = "meetings"
    __table_args__ = (Index(None, "tenant", "starts"), Index(None, "tenant", "run"))

    id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    title: Mapped[str]
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    zone: Mapped[str]
    organiser: Mapped[str]
    people: Mapped[list[Any]]
    about: Mapped[str]
    pre_read: Mapped[dict[str, Any] | None]
    sequence: Mapped[int] = mapped_column(server_default=text("0"))
    link: Mapped[str | None]
    run: Mapped[str | None]
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))
