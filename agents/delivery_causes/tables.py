"""What people were shown of causes of delay, and may have carried out by its number."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class DelayReportRow(TenantScoped, Base):
    """One answer to why something is late. `thread` is where it was shown, `wanted` what was asked about (as
    `gathering.Wanted`), `title` what that is called. `remedies` are numbered from 1 in their order, each with
    the whole body of its action, so that what is carried out is what was shown, and the effect that it came to
    (`effect`) once it was ordered."""

    __tablename__ = "delay_reports"
    __table_args__ = (Index(None, "tenant", "thread", "made"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    thread: Mapped[str]
    asked_by: Mapped[str]
    title: Mapped[str]
    wanted: Mapped[dict[str, Any]]
    remedies: Mapped[list[Any]]
    made: Mapped[datetime] = mapped_column(server_default=text("now()"))
