"""What was told to be at risk, as rows, so that it can be scored."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Double, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class ToldRiskRow(TenantScoped, Base):
    """On the day `told` it was said that `item` (a story's id, or the epic's own) is not done by `due` with
    this likelihood, 0 to 1. `came_true` once that is known. Of one day the last that was said counts."""

    __tablename__ = "told_risks"
    __table_args__ = (
        Index("ix_told_risks_unjudged", "tenant", "due", postgresql_where=text("came_true IS NULL")),
    )

    item: Mapped[str] = mapped_column(primary_key=True)
    due: Mapped[date] = mapped_column(primary_key=True)
    told: Mapped[date] = mapped_column(primary_key=True)
    epic: Mapped[str]
    likelihood: Mapped[float] = mapped_column(Double)
    came_true: Mapped[bool | None]
