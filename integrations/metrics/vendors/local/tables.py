"""What was scraped: the replicas, and what each of them said at each time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class TargetRow(TenantScoped, Base):
    """A replica that is or was scraped. `series` lists what it exports, as name and labels, in the order in
    which that was met first: a scrape's numbers stand in the same order, so that the list only ever grows.
    `left_out` counts what it exported beyond what is kept of one replica."""

    __tablename__ = "metric_targets"

    id: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str]
    stage: Mapped[str]
    version: Mapped[str]
    instance: Mapped[str]
    series: Mapped[list[Any]]
    left_out: Mapped[int]


class ScrapeRow(TenantScoped, Base):
    """One scrape. `samples` are 64-bit floats, little-endian, packed by zlib; None where the replica did not
    answer."""

    __tablename__ = "metric_scrapes"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "target"], ["metric_targets.tenant", "metric_targets.id"]),
        Index(None, "tenant", "at"),
    )

    target: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    samples: Mapped[bytes | None]
