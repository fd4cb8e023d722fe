"""The embedded tracker and customer system: epics, stories, sprints, receipts, accounts."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from storage.migrations.row_security import protect

revision = "0005_tracker"
down_revision = "0004_conversation"

_STORY = ["tracker_stories.tenant", "tracker_stories.id"]
_ACCOUNT = ["customer_accounts.tenant", "customer_accounts.id"]


def upgrade() -> None:
    _work()
    _what_hangs_on_stories()
    _customers()
    for table in (
        "tracker_counters",
        "tracker_epics",
        "tracker_sprints",
        "tracker_stories",
        "tracker_dependencies",
        "tracker_defects",
        "tracker_receipts",
        "customer_accounts",
        "customer_requests",
        "customer_commitments",
    ):
        protect(table)
    protect("tracker_story_events", writes="append")


def _tenant() -> sa.Column[str]:
    return sa.Column(
        "tenant", sa.Text, primary_key=True, server_default=sa.text("current_setting('app.tenant')")
    )


def _id() -> sa.Column[str]:
    return sa.Column("id", sa.Text, primary_key=True)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _optional_texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text) for name in names]


def _lists(*names: str) -> list[sa.Column[list[str]]]:
    return [sa.Column(name, ARRAY(sa.Text), nullable=False) for name in names]


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _work() -> None:
    op.create_table(
        "tracker_counters",
        _tenant(),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.create_table(
        "tracker_epics",
        _tenant(),
        _id(),
        sa.Column("number", sa.Integer, nullable=False),
        *_texts("title", "product", "priority"),
        *_optional_texts("document"),
        *_lists("customers"),
        _moment("created"),
        _moment("cancelled", nullable=True),
        sa.UniqueConstraint("tenant", "number", name="uq_tracker_epics_tenant_number"),
    )
    op.create_table(
        "tracker_sprints",
        _tenant(),
        _id(),
        *_texts("team", "name"),
        sa.Column("starts", sa.Date, nullable=False),
        sa.Column("ends", sa.Date, nullable=False),
        sa.Column("capacity_hours", sa.Double, nullable=False),
    )
    op.create_table(
        "tracker_stories",
        _tenant(),
        _id(),
        sa.Column("number", sa.Integer, nullable=False),
        *_texts("title", "description", "team", "product", "status", "priority", "discipline"),
        *_optional_texts("epic", "blocked_reason", "assignee", "sprint"),
        *_lists("acceptance", "customers", "labels"),
        sa.Column("estimate_hours", sa.Double),
        sa.Column("actual_hours", sa.Double),
        _moment("created"),
        _moment("started", nullable=True),
        _moment("finished", nullable=True),
        sa.UniqueConstraint("tenant", "number", name="uq_tracker_stories_tenant_number"),
        sa.ForeignKeyConstraint(
            ["tenant", "epic"],
            ["tracker_epics.tenant", "tracker_epics.id"],
            name="fk_tracker_stories_tenant_epic",
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "sprint"],
            ["tracker_sprints.tenant", "tracker_sprints.id"],
            name="fk_tracker_stories_tenant_sprint",
        ),
    )
    op.create_index("ix_tracker_stories_tenant_epic", "tracker_stories", ["tenant", "epic"])
    op.create_index("ix_tracker_stories_tenant_status", "tracker_stories", ["tenant", "status"])


def _what_hangs_on_stories() -> None:
    op.create_table(
        "tracker_dependencies",
        _tenant(),
        sa.Column("story", sa.Text, primary_key=True),
        sa.Column("depends_on", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["tenant", "story"], _STORY, name="fk_tracker_dependencies_tenant_story"),
        sa.ForeignKeyConstraint(
            ["tenant", "depends_on"], _STORY, name="fk_tracker_dependencies_tenant_depends_on"
        ),
    )
    op.create_index(
        "ix_tracker_dependencies_tenant_depends_on", "tracker_dependencies", ["tenant", "depends_on"]
    )
    op.create_table(
        "tracker_story_events",
        _tenant(),
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        *_texts("story", "status", "by"),
        *_optional_texts("reason"),
        _moment("at"),
        sa.ForeignKeyConstraint(["tenant", "story"], _STORY, name="fk_tracker_story_events_tenant_story"),
    )
    op.create_index("ix_tracker_story_events_tenant_story", "tracker_story_events", ["tenant", "story"])
    op.create_index("ix_tracker_story_events_tenant_at", "tracker_story_events", ["tenant", "at"])
    op.create_table(
        "tracker_defects",
        _tenant(),
        sa.Column("story", sa.Text, primary_key=True),
        *_optional_texts("origin"),
        *_texts("stage", "found"),
        sa.ForeignKeyConstraint(["tenant", "story"], _STORY, name="fk_tracker_defects_tenant_story"),
        sa.ForeignKeyConstraint(["tenant", "origin"], _STORY, name="fk_tracker_defects_tenant_origin"),
    )
    op.create_table(
        "tracker_receipts",
        _tenant(),
        sa.Column("grant_id", sa.Text, primary_key=True),
        *_texts("kind"),
        *_lists("items"),
    )


def _customers() -> None:
    op.create_table(
        "customer_accounts",
        _tenant(),
        _id(),
        *_texts("name", "tier"),
        *_lists("aliases"),
        sa.Column("arr", sa.Numeric(18, 2), nullable=False),
        sa.Column("renewal", sa.Date),
        sa.Column("health", sa.Integer),
        *_optional_texts("standing", "owner"),
        sa.Column("since", sa.Date),
        sa.Column("contact", JSONB),
    )
    op.create_table(
        "customer_requests",
        _tenant(),
        _id(),
        *_texts("account", "what"),
        sa.Column("asked", sa.Date, nullable=False),
        sa.Column("needed_by", sa.Date),
        *_lists("items"),
        sa.ForeignKeyConstraint(["tenant", "account"], _ACCOUNT, name="fk_customer_requests_tenant_account"),
    )
    op.create_index("ix_customer_requests_tenant_account", "customer_requests", ["tenant", "account"])
    op.create_table(
        "customer_commitments",
        _tenant(),
        _id(),
        *_texts("account", "what", "by", "state"),
        *_lists("items"),
        sa.Column("made", sa.Date, nullable=False),
        sa.Column("due", sa.Date, nullable=False),
        sa.ForeignKeyConstraint(["tenant", "account"], _ACCOUNT, name="fk_customer_commitments_tenant_account"),
    )
    op.create_index("ix_customer_commitments_tenant_account", "customer_commitments", ["tenant", "account"])
