"""Subscriptions as rows, and what was found and told already."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class SubscriptionRow(TenantScoped, Base):
    """Somebody wants to be told when something happens: `event` to the `subject` of this `kind`.

    `name` is what the person called it. `seen` is how it looked when it was last looked at. It ends with
    the first time unless it is for `each_time`.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (Index(None, "tenant", "ended"), Index(None, "tenant", "person"))

    id: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str]
    kind: Mapped[str]
    subject: Mapped[str]
    name: Mapped[str]
    event: Mapped[str]
    each_time: Mapped[bool]
    seen: Mapped[list[Any]]
    made: Mapped[datetime] = mapped_column(server_default=text("now()"))
    fired: Mapped[datetime | None]
    ended: Mapped[datetime | None]


class ToldBlockerRow(TenantScoped, Base):
    """Something that got blocked and was told to whoever wants to hear of it: once.

    `subject` is `story:<id>:<when>`, `step:<plan>:<key>` or `plan:<plan>:<why>`.
    """

    __tablename__ = "told_blockers"

    subject: Mapped[str] = mapped_column(primary_key=True)
    found: Mapped[datetime] = mapped_column(server_default=text("now()"))


class LookedThroughRow(TenantScoped, Base):
    """Until when something was looked through for news: `blockers`."""

    __tablename__ = "looked_through"

    name: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime] = mapped_column(server_default=text("now()"))
