"""The embedded code host: pull requests, what is said of them, what branches demand, and receipts."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from storage.migrations.row_security import protect

revision = "0040_code_host"
down_revision = "0039_held_alerts"

_MOMENT = sa.DateTime(timezone=True)


def _table(name: str, *columns: sa.schema.SchemaItem) -> None:
    tenant = sa.Column(
        "tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False
    )
    op.create_table(name, tenant, *columns)


def _column(
    name: str, kind: sa.types.TypeEngine[Any], default: str | None = None, *, nullable: bool = False
) -> sa.Column[Any]:
    said = sa.text(default) if default else None
    return sa.Column(name, kind, server_default=said, nullable=nullable)


def _under(table: str) -> sa.ForeignKeyConstraint:
    there = "code_pull_requests"
    return sa.ForeignKeyConstraint(
        ["tenant", "repository", "pull_request"],
        [f"{there}.tenant", f"{there}.repository", f"{there}.number"],
        name=f"fk_{table}_pull_request",
    )


def _number() -> sa.Column[int]:
    return sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False)


def upgrade() -> None:
    _table(
        "code_protections",
        _column("repository", sa.Text()),
        _column("branch", sa.Text()),
        _column("required_reviews", sa.Integer()),
        _column("required_checks", ARRAY(sa.Text())),
        sa.PrimaryKeyConstraint("tenant", "repository", "branch", name="pk_code_protections"),
    )
    protect("code_protections")
    _table(
        "code_pull_requests",
        _column("repository", sa.Text()),
        _column("number", sa.Integer()),
        *(_column(name, sa.Text()) for name in ("title", "body", "author", "state")),
        _column("is_draft", sa.Boolean()),
        *(_column(name, sa.Text()) for name in ("head", "head_sha", "base", "base_sha")),
        _column("labels", ARRAY(sa.Text())),
        _column("created", _MOMENT),
        _column("updated", _MOMENT),
        _column("merged_sha", sa.Text(), nullable=True),
        _column("ended", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "repository", "number", name="pk_code_pull_requests"),
    )
    op.create_index("ix_code_pull_requests_tenant_created", "code_pull_requests", ["tenant", "created"])
    op.create_index(
        "ix_code_pull_requests_tenant_repository_head", "code_pull_requests", ["tenant", "repository", "head"]
    )
    protect("code_pull_requests")
    _said_under()
    _checks_and_receipts()


def _said_under() -> None:
    _table(
        "code_reviews",
        _number(),
        _column("repository", sa.Text()),
        _column("pull_request", sa.Integer()),
        *(_column(name, sa.Text()) for name in ("author", "verdict", "body", "sha")),
        _column("remarks", JSONB()),
        _column("at", _MOMENT),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_code_reviews"),
        _under("code_reviews"),
    )
    _table(
        "code_comments",
        _number(),
        _column("repository", sa.Text()),
        _column("pull_request", sa.Integer()),
        _column("author", sa.Text()),
        _column("body", sa.Text()),
        _column("at", _MOMENT),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_code_comments"),
        _under("code_comments"),
    )
    for table in ("code_reviews", "code_comments"):
        op.create_index(
            f"ix_{table}_tenant_repository_pull_request", table, ["tenant", "repository", "pull_request"]
        )
        protect(table, "append")


def _checks_and_receipts() -> None:
    _table(
        "code_checks",
        _number(),
        *(_column(name, sa.Text()) for name in ("repository", "sha", "name", "state", "summary")),
        _column("covered", sa.Integer(), nullable=True),
        _column("coverable", sa.Integer(), nullable=True),
        _column("at", _MOMENT),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_code_checks"),
    )
    op.create_index(
        "ix_code_checks_tenant_repository_sha_name", "code_checks", ["tenant", "repository", "sha", "name"]
    )
    protect("code_checks", "append")
    _table(
        "code_receipts",
        *(_column(name, sa.Text()) for name in ("grant_id", "kind", "repository")),
        *(_column(name, sa.Text(), nullable=True) for name in ("branch", "before", "sha")),
        _column("gives", JSONB()),
        _column("is_done", sa.Boolean()),
        _column("says", sa.Text(), "''"),
        _column("reference", sa.Text(), "''"),
        sa.PrimaryKeyConstraint("tenant", "grant_id", name="pk_code_receipts"),
    )
    protect("code_receipts")
    _table(
        "code_tokens",
        _column("digest", sa.Text()),
        _column("person", sa.Text()),
        _column("made", _MOMENT),
        sa.PrimaryKeyConstraint("tenant", "digest", name="pk_code_tokens"),
    )
    protect("code_tokens")
