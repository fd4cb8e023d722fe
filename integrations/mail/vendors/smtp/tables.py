"""What goes out by SMTP, by its grant."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class SendRow(TenantScoped, Base):
    """A message that goes out, or went: `state` is `sending` or `sent`. `refused` are the addresses that the
    server did not take, each with why."""

    __tablename__ = "smtp_sends"
    __table_args__ = (Index(None, "tenant", "at"),)

    grant_id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    refused: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
