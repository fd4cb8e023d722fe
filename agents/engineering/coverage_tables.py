"""What suites ran of the product, as rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class SuiteRunRow(TenantScoped, Base):
    """The newest run of the whole suite of a repository over the files `tree` (a tree's sha: every commit with
    the same files has the same). Of `total` lines of the product that could run `covered` did, both None where
    nothing was measured; `files` has them by file and function (`LineCoverage` as JSON), until it is old."""

    __tablename__ = "suite_runs"
    __table_args__ = (
        Index("ix_suite_runs_with_files", "tenant", "at", postgresql_where=text("files IS NOT NULL")),
        Index(None, "tenant", "repository", "at"),
    )

    repository: Mapped[str] = mapped_column(primary_key=True)
    tree: Mapped[str] = mapped_column(primary_key=True)
    passed: Mapped[int]
    failed: Mapped[int]
    skipped: Mapped[int]
    covered: Mapped[int | None]
    total: Mapped[int | None]
    files: Mapped[dict[str, Any] | None]
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
