"""Plans as rows, from the reading of a document on. Their steps are those of their runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class PlanRow(TenantScoped, Base):
    """A plan from its first reading of a document on.

    `state`: drafting | asking (which product it is for; `original` is what was worked out) | proposed (an
    approval is open) | executing | paused | created (every step done) | cancelled | failed (`why` says).
    `draft` is the PlanDraft as JSON text, `version` counts drafts; changes are worked out on the `original`,
    so that what was dropped can come back. `replanned` is the draft of a plan under way that was worked out
    anew and waits for its approval. `run` carries it out; `blocked` are the keys of the steps that people know
    cannot be done.
    """

    __tablename__ = "plans"
    __table_args__ = (Index(None, "tenant", "state"), Index(None, "tenant", "thread"))

    id: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[str]
    title: Mapped[str]
    requester: Mapped[str]
    state: Mapped[str]
    why: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default=text("0"))
    changes: Mapped[str | None]
    draft: Mapped[str | None]
    previous: Mapped[str | None]
    original: Mapped[str | None]
    replanned: Mapped[str | None]
    approval: Mapped[str | None]
    notifications: Mapped[list[Any]]
    run: Mapped[str | None]
    blocked: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    epic: Mapped[str | None]
    budget_hours: Mapped[float | None]
    used_hours: Mapped[float] = mapped_column(server_default=text("0"))
    warned: Mapped[bool] = mapped_column(server_default=text("false"))
    place: Mapped[dict[str, Any] | None]
    thread: Mapped[str | None]
    turn: Mapped[str | None]
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))
    changed: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ReadingCorrectionRow(TenantScoped, Base):
    """What somebody said that a statement of a document is; it holds whenever the document is read again.

    `statement` is its text as `agents.planning.reading.read.key_of` flattens it.
    """

    __tablename__ = "reading_corrections"

    document: Mapped[str] = mapped_column(primary_key=True)
    statement: Mapped[str] = mapped_column(primary_key=True)
    sense: Mapped[str]
    person: Mapped[str]
    at: Mapped[datetime]


class StoryGroupingRow(TenantScoped, Base):
    """What somebody said of the story that a statement of a document belongs to; see `Grouping`."""

    __tablename__ = "story_groupings"

    document: Mapped[str] = mapped_column(primary_key=True)
    statement: Mapped[str] = mapped_column(primary_key=True)
    story: Mapped[str]
    cut: Mapped[bool]
    person: Mapped[str]
    at: Mapped[datetime]


class DocumentSourceRow(TenantScoped, Base):
    """A document's text as a plan was worked out from it, by its SHA-256: the file may have changed since."""

    __tablename__ = "document_sources"

    digest: Mapped[str] = mapped_column(primary_key=True)
    text_: Mapped[str] = mapped_column("text")
