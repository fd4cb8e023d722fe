"""Canaries as rows: what was approved, how far the judge let it go, and what it judged by."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class CanaryRow(TenantScoped, Base):
    """The canary of a run. `action` is what was approved (the body of a BeginCanary). `passed` counts the
    shares that the judge let pass; `state` is the judge's after tick number `tick`."""

    __tablename__ = "canaries"
    __table_args__ = (ForeignKeyConstraint(["tenant", "run"], ["runs.tenant", "runs.id"]),)

    run: Mapped[str] = mapped_column(primary_key=True)
    action: Mapped[dict[str, Any]]
    passed: Mapped[int] = mapped_column(server_default=text("0"))
    tick: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    state: Mapped[dict[str, Any] | None]
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))


class CanaryTickRow(TenantScoped, Base):
    """Five seconds of both versions' requests, as the judge was given them: who has these comes to the same
    judgement. `step` is the index of the share that was in force."""

    __tablename__ = "canary_ticks"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "run"], ["canaries.tenant", "canaries.run"]),
        Index(None, "tenant", "at"),
    )

    run: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime]
    step: Mapped[int]
    stable: Mapped[dict[str, Any]]
    canary: Mapped[dict[str, Any]]
