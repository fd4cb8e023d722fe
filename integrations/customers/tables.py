"""The embedded customer system's rows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import ForeignKeyConstraint, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class AccountRow(TenantScoped, Base):
    """A customer; `arr` in USD."""

    __tablename__ = "customer_accounts"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    tier: Mapped[str]
    arr: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    renewal: Mapped[date | None]
    health: Mapped[int | None]
    owner: Mapped[str | None]


class RequestRow(TenantScoped, Base):
    """What an account asked for. `epic` is an id in the tracker, whichever that is."""

    __tablename__ = "customer_requests"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "account"], ["customer_accounts.tenant", "customer_accounts.id"]),
        Index(None, "tenant", "account"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    title: Mapped[str]
    asked: Mapped[date]
    wanted_by: Mapped[date | None]
    epic: Mapped[str | None]


class CommitmentRow(TenantScoped, Base):
    """What an account was promised."""

    __tablename__ = "customer_commitments"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "account"], ["customer_accounts.tenant", "customer_accounts.id"]),
        Index(None, "tenant", "account"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    promise: Mapped[str]
    made: Mapped[date]
    due: Mapped[date]
    epic: Mapped[str | None]
    kept: Mapped[date | None]
