"""Roadmaps as rows, from the asking on."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class RoadmapRow(TenantScoped, Base):
    """A roadmap for the time from `starts` to the day before `ends`, which is called `name`.

    `state`: drawing | drawn | of_record (what is planned, by people's approval) | superseded (one approved
    later took its place, which is `superseded_by`) | withdrawn. `wishes` and `draft` are JSON text (see
    `roadmap.py`), `digest` is the draft's. `parent` is the roadmap that a what-if changes; `looks_at` is the
    plan of record that this one holds against the work as it stands, and `drift` what that came to
    (`drift.py`). `run` works it out, `approval` is that of making it the plan of record.
    """

    __tablename__ = "roadmaps"
    __table_args__ = (Index(None, "tenant", "state", "starts"), Index(None, "tenant", "run"))

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    starts: Mapped[date]
    ends: Mapped[date]
    state: Mapped[str]
    wishes: Mapped[str]
    draft: Mapped[str | None]
    digest: Mapped[str | None]
    drift: Mapped[str | None]
    parent: Mapped[str | None]
    looks_at: Mapped[str | None]
    superseded_by: Mapped[str | None]
    approval: Mapped[str | None]
    run: Mapped[str | None]
    requester: Mapped[str]
    place: Mapped[dict[str, Any] | None]
    turn: Mapped[str | None]
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))
    adopted: Mapped[datetime | None]
