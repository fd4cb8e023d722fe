"""The embedded code host's rows: what git does not keep. Repositories, branches and commits are git's own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from storage.schema import Base, TenantScoped


class ProtectionRow(TenantScoped, Base):
    """What a merge into a branch needs. Where a repository has no row, its default branch is protected and
    needs nothing."""

    __tablename__ = "code_protections"

    repository: Mapped[str] = mapped_column(primary_key=True)
    branch: Mapped[str] = mapped_column(primary_key=True)
    required_reviews: Mapped[int]
    required_checks: Mapped[list[str]] = mapped_column(ARRAY(Text))


class PullRequestRow(TenantScoped, Base):
    """A pull request. `head_sha` and `base_sha` are where its branches were when somebody last looked: git
    knows where they are, as long as it is open."""

    __tablename__ = "code_pull_requests"
    __table_args__ = (Index(None, "tenant", "created"), Index(None, "tenant", "repository", "head"))

    repository: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str]
    body: Mapped[str]
    author: Mapped[str]
    state: Mapped[str]
    is_draft: Mapped[bool]
    head: Mapped[str]
    head_sha: Mapped[str]
    base: Mapped[str]
    base_sha: Mapped[str]
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created: Mapped[datetime]
    updated: Mapped[datetime]
    merged_sha: Mapped[str | None]
    ended: Mapped[datetime | None]


def _under(name: str) -> ForeignKeyConstraint:
    there = "code_pull_requests"
    return ForeignKeyConstraint(
        ["tenant", "repository", "pull_request"],
        [f"{there}.tenant", f"{there}.repository", f"{there}.number"],
        name=name,
    )


class ReviewRow(TenantScoped, Base):
    """A review of one commit. Append-only."""

    __tablename__ = "code_reviews"
    __table_args__ = (
        _under("fk_code_reviews_pull_request"),
        Index(None, "tenant", "repository", "pull_request"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    repository: Mapped[str]
    pull_request: Mapped[int]
    author: Mapped[str]
    verdict: Mapped[str]
    body: Mapped[str]
    sha: Mapped[str]
    remarks: Mapped[list[Any]]
    at: Mapped[datetime]


class CommentRow(TenantScoped, Base):
    """Something said under a pull request. Append-only."""

    __tablename__ = "code_comments"
    __table_args__ = (
        _under("fk_code_comments_pull_request"),
        Index(None, "tenant", "repository", "pull_request"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    repository: Mapped[str]
    pull_request: Mapped[int]
    author: Mapped[str]
    body: Mapped[str]
    at: Mapped[datetime]


class CheckRow(TenantScoped, Base):
    """What a program found of one commit. Append-only: the newest of a name counts."""

    __tablename__ = "code_checks"
    __table_args__ = (Index(None, "tenant", "repository", "sha", "name"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    repository: Mapped[str]
    sha: Mapped[str]
    name: Mapped[str]
    state: Mapped[str]
    summary: Mapped[str]
    covered: Mapped[int | None]
    coverable: Mapped[int | None]
    at: Mapped[datetime]


class ReceiptRow(TenantScoped, Base):
    """What the effect with this grant id is, and whether it is over. One that moves a branch is written before
    git does that: `sha` is what `branch` then has in its history, and `gives` what is to be written of it."""

    __tablename__ = "code_receipts"

    grant_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    repository: Mapped[str]
    branch: Mapped[str | None]
    before: Mapped[str | None]
    sha: Mapped[str | None]
    gives: Mapped[dict[str, Any]]
    is_done: Mapped[bool]
    says: Mapped[str] = mapped_column(server_default=text("''"))
    reference: Mapped[str] = mapped_column(server_default=text("''"))


class TokenRow(TenantScoped, Base):
    """A person's way in with their own git. `digest` is the token's SHA-256 (hex); nobody keeps the token."""

    __tablename__ = "code_tokens"

    digest: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str]
    made: Mapped[datetime]
