"""What people set of their digests, and what was found and told already."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class DigestRow(TenantScoped, Base):
    """One kind of digest of one recipient, where it differs from what their role brings.

    `recipient` is `person:<id>` or `channel:<platform>:<channel>`; `channel` is a channel's name. `days`
    are weekdays (0 is Monday), none for the recipient's working days; no `time_zone` is the recipient's
    own; no `platforms` are all.
    """

    __tablename__ = "digest_settings"

    recipient: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    is_on: Mapped[bool]
    at: Mapped[time]
    days: Mapped[list[Any]]
    time_zone: Mapped[str | None]
    platforms: Mapped[list[Any]]
    paused_until: Mapped[datetime | None]
    channel: Mapped[str | None]
    set_by: Mapped[str]
    changed: Mapped[datetime] = mapped_column(server_default=text("now()"))


class DigestChangeRow(TenantScoped, Base):
    """A change of a recipient's settings, with how all of them stood `before`, so that it can be undone."""

    __tablename__ = "digest_changes"
    __table_args__ = (Index(None, "tenant", "recipient", "made"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    recipient: Mapped[str]
    made_by: Mapped[str]
    before: Mapped[dict[str, Any]]
    made: Mapped[datetime] = mapped_column(server_default=text("now()"))
    undone: Mapped[datetime | None]


class QuietHoursRow(TenantScoped, Base):
    """A person's quiet hours, local; no `time_zone` is the person's own."""

    __tablename__ = "quiet_hours"

    person: Mapped[str] = mapped_column(primary_key=True)
    starts: Mapped[time]
    ends: Mapped[time]
    time_zone: Mapped[str | None]
    blockers_pierce: Mapped[bool]
    changed: Mapped[datetime] = mapped_column(server_default=text("now()"))
