"""The embedded customer system's rows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, Numeric, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class AccountRow(TenantScoped, Base):
    """A customer; `arr` in USD."""

    __tablename__ = "customer_accounts"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    aliases: Mapped[list[str]] = mapped_column(ARRAY(Text))
    tier: Mapped[str]
    arr: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    renewal: Mapped[date | None]
    health: Mapped[int | None]
    standing: Mapped[str | None]
    owner: Mapped[str | None]
    since: Mapped[date | None]
    contact: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class RequestRow(TenantScoped, Base):
    """What an account asked for. `items` are ids in the tracker, whichever that is."""

    __tablename__ = "customer_requests"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "account"], ["customer_accounts.tenant", "customer_accounts.id"]),
        Index(None, "tenant", "account"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    what: Mapped[str]
    asked: Mapped[date]
    needed_by: Mapped[date | None]
    items: Mapped[list[str]] = mapped_column(ARRAY(Text))


class CommitmentRow(TenantScoped, Base):
    """What an account was promised."""

    __tablename__ = "customer_commitments"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "account"], ["customer_accounts.tenant", "customer_accounts.id"]),
        Index(None, "tenant", "account"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    what: Mapped[str]
    made: Mapped[date]
    by: Mapped[str]
    due: Mapped[date]
    state: Mapped[str]
    items: Mapped[list[str]] = mapped_column(ARRAY(Text))
