"""What models were used for, as rows."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, ForeignKeyConstraint, Identity, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from agents.work.tables import RunRow
from storage.schema import Base, TenantScoped


class ModelUseRow(TenantScoped, Base):
    """One answered call to a model: by which role, in which run (None outside one, as when a plan is drafted),
    for which `subject`: a run, a document, an explanation. `cost` is USD by the prices of that moment, None
    where they were not known."""

    __tablename__ = "model_uses"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "run"], [RunRow.tenant, RunRow.id]),
        Index(None, "tenant", "run"),
        Index(None, "tenant", "at"),
        Index(None, "tenant", "role", "at"),
        Index(None, "tenant", "role", "subject"),
    )

    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    run: Mapped[str | None]
    subject: Mapped[str]
    role: Mapped[str]
    model: Mapped[str]
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    cost: Mapped[Decimal | None] = mapped_column(Numeric(12, 6))
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
