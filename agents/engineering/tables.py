"""Stories that agents write, as rows: what the work stands on, and every move of the engineer."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class StoryWorkRow(TenantScoped, Base):
    """The work on one story, which is a run. `base` is the commit of `base_branch` that it stands on, `branch`
    its own, `head` the commit that it came to last, whoever pushed it, and `written` the last one that an agent
    made: where the two differ, a person went on with it. `discipline` says which engineer writes it and
    `answers` who of the people answers for it. `opens` is since when it has a place among the open pull
    requests of its repository. `story` is the tracker's; `brief` what the engineer is told of it (title,
    description and criteria as they were then). `verdict` is the last one as JSON; `pull_request` and `merged`
    (a commit) stand once there are such. `blocked` says why a person has to go on, where one has to.
    `takes_back` is the run whose merge this one takes back: of those that were to do so one alone is
    merged."""

    __tablename__ = "story_works"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "run"], ["runs.tenant", "runs.id"]),
        Index(None, "tenant", "story"),
        Index(None, "tenant", "repository", "pull_request"),
        Index("ix_story_works_takes_back", "tenant", "takes_back"),
        Index(
            None,
            "tenant",
            "takes_back",
            unique=True,
            postgresql_where=text("takes_back IS NOT NULL AND merged IS NOT NULL"),
        ),
    )

    run: Mapped[str] = mapped_column(primary_key=True)
    story: Mapped[str]
    repository: Mapped[str]
    service: Mapped[str | None]
    discipline: Mapped[str]
    answers: Mapped[str]
    brief: Mapped[dict[str, Any]]
    base_branch: Mapped[str]
    base: Mapped[str]
    branch: Mapped[str]
    head: Mapped[str | None]
    written: Mapped[str | None]
    opens: Mapped[datetime | None]
    verdict: Mapped[dict[str, Any] | None]
    pull_request: Mapped[int | None]
    merged: Mapped[str | None]
    blocked: Mapped[str | None]
    takes_back: Mapped[str | None]
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))


class MoveRow(TenantScoped, Base):
    """One move of an engineer: what the model asked for, and what came of it. `edit` is the file that it
    changed, `state` the digest of all files afterwards; the files are made again from the edits."""

    __tablename__ = "engineering_moves"
    __table_args__ = (ForeignKeyConstraint(["tenant", "run"], ["story_works.tenant", "story_works.run"]),)

    run: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    tool: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    result: Mapped[str]
    edit: Mapped[dict[str, Any] | None]
    state: Mapped[str]
    input_tokens: Mapped[int] = mapped_column(server_default=text("0"))
    output_tokens: Mapped[int] = mapped_column(server_default=text("0"))
    cost: Mapped[Decimal] = mapped_column(Numeric(12, 6), server_default=text("0"))
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class VerdictRow(TenantScoped, Base):
    """What merging the commit `head` into the commit `base` was judged to be, as JSON."""

    __tablename__ = "merge_verdicts"

    repository: Mapped[str] = mapped_column(primary_key=True)
    base: Mapped[str] = mapped_column(primary_key=True)
    head: Mapped[str] = mapped_column(primary_key=True)
    verdict: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class StoryReleaseRow(TenantScoped, Base):
    """What was released of a story that is merged: a `version` of a `service`, since when it runs in staging
    (`staged`, at `address`) and in production (`produced`). `says` is why there is none, or why it goes no
    further, in a sentence."""

    __tablename__ = "story_releases"
    __table_args__ = (ForeignKeyConstraint(["tenant", "run"], ["story_works.tenant", "story_works.run"]),)

    run: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str | None]
    version: Mapped[str | None]
    digest: Mapped[str | None]
    says: Mapped[str | None]
    address: Mapped[str | None]
    staged: Mapped[datetime | None]
    produced: Mapped[datetime | None]
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))
