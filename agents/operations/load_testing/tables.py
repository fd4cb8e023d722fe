"""Load tests as rows: what was ruled on, how far it is, and what it showed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class LoadTestRow(TenantScoped, Base):
    """The load test of a run, with how many replicas answered. `action` is what was ruled on (the body of a
    RunLoadTest), `announced` the test that was said to those who open incidents. `seconds` are what was seen so
    far (second, sent, answered, failed, p95 in ms), none once they are too old; `stood` is when its generator
    was first seen to send no more. `result` and `verdict` are there once it is judged, and stay as they are."""

    __tablename__ = "load_tests"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "run"], ["runs.tenant", "runs.id"]),
        Index(None, "tenant", "service", "created"),
        Index(
            "ix_load_tests_with_seconds", "tenant", "created", postgresql_where=text("seconds <> '[]'::jsonb")
        ),
    )

    run: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str]
    replicas: Mapped[int]
    action: Mapped[dict[str, Any]]
    announced: Mapped[str]
    seconds: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    stood: Mapped[datetime | None]
    verdict: Mapped[str | None]
    result: Mapped[dict[str, Any] | None]
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))
