"""The embedded tracker's rows."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Double, ForeignKeyConstraint, Identity, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class CounterRow(TenantScoped, Base):
    """The last number given out per kind of item (`CARD`, `EPIC`). Whoever takes the next one locks it."""

    __tablename__ = "tracker_counters"

    kind: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]


class EpicRow(TenantScoped, Base):
    """An epic. Its status follows from its stories, unless it was cancelled."""

    __tablename__ = "tracker_epics"
    __table_args__ = (UniqueConstraint("tenant", "number"), Index(None, "tenant", "document"))

    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    title: Mapped[str]
    product: Mapped[str]
    document: Mapped[str | None]
    priority: Mapped[str]
    customers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created: Mapped[datetime]
    cancelled: Mapped[datetime | None]


class SprintRow(TenantScoped, Base):
    """A sprint; `ends` is the day after its last."""

    __tablename__ = "tracker_sprints"
    __table_args__ = (Index(None, "tenant", "team", "starts"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    team: Mapped[str]
    name: Mapped[str]
    starts: Mapped[date]
    ends: Mapped[date]
    capacity_hours: Mapped[float] = mapped_column(Double)


class StoryRow(TenantScoped, Base):
    """A story. `number` is the order of creation, and the number in the id."""

    __tablename__ = "tracker_stories"
    __table_args__ = (
        UniqueConstraint("tenant", "number"),
        ForeignKeyConstraint(["tenant", "epic"], ["tracker_epics.tenant", "tracker_epics.id"]),
        ForeignKeyConstraint(["tenant", "sprint"], ["tracker_sprints.tenant", "tracker_sprints.id"]),
        Index(None, "tenant", "epic"),
        Index(None, "tenant", "status", "number"),
        Index(None, "tenant", "team", "number"),
        Index(None, "tenant", "finished"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    title: Mapped[str]
    description: Mapped[str]
    acceptance: Mapped[list[str]] = mapped_column(ARRAY(Text))
    team: Mapped[str]
    product: Mapped[str]
    status: Mapped[str]
    priority: Mapped[str]
    epic: Mapped[str | None]
    discipline: Mapped[str]
    estimate_hours: Mapped[float | None] = mapped_column(Double)
    actual_hours: Mapped[float | None] = mapped_column(Double)
    customers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    blocked_reason: Mapped[str | None]
    assignee: Mapped[str | None]
    sprint: Mapped[str | None]
    created: Mapped[datetime]
    started: Mapped[datetime | None]
    finished: Mapped[datetime | None]


class DependencyRow(TenantScoped, Base):
    """`story` waits for `depends_on`; `position` keeps the order in which that was said."""

    __tablename__ = "tracker_dependencies"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "story"], ["tracker_stories.tenant", "tracker_stories.id"]),
        ForeignKeyConstraint(["tenant", "depends_on"], ["tracker_stories.tenant", "tracker_stories.id"]),
        Index(None, "tenant", "depends_on"),
    )

    story: Mapped[str] = mapped_column(primary_key=True)
    depends_on: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]


class StoryEventRow(TenantScoped, Base):
    """A story came into a status. Append-only."""

    __tablename__ = "tracker_story_events"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "story"], ["tracker_stories.tenant", "tracker_stories.id"]),
        Index(None, "tenant", "story"),
        Index(None, "tenant", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    story: Mapped[str]
    at: Mapped[datetime]
    status: Mapped[str]
    by: Mapped[str]
    reason: Mapped[str | None]


class DefectRow(TenantScoped, Base):
    """Where the defect came from that `story` mends: which story, in which stage; and where it was found."""

    __tablename__ = "tracker_defects"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "story"], ["tracker_stories.tenant", "tracker_stories.id"]),
        ForeignKeyConstraint(["tenant", "origin"], ["tracker_stories.tenant", "tracker_stories.id"]),
    )

    story: Mapped[str] = mapped_column(primary_key=True)
    origin: Mapped[str | None]
    stage: Mapped[str]
    found: Mapped[str]


class ReceiptRow(TenantScoped, Base):
    """What the effect with this grant id made or changed. Its key makes a repeated call do nothing."""

    __tablename__ = "tracker_receipts"

    grant_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    items: Mapped[list[str]] = mapped_column(ARRAY(Text))


class WordRow(TenantScoped, Base):
    """A title has a word. `share` is how much of it the word is: 1 over the root of the number of its words."""

    __tablename__ = "tracker_words"

    kind: Mapped[str] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    share: Mapped[float] = mapped_column(Double, primary_key=True)


class WordKeyRow(TenantScoped, Base):
    """By which keys a word of the titles is found that is written otherwise: see `searching.keys_of`."""

    __tablename__ = "tracker_word_keys"

    key: Mapped[str] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(primary_key=True)
