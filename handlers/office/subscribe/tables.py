"""Subscriptions as rows."""

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
