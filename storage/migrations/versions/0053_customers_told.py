"""What customers need, what they were promised, and what they are written."""

from datetime import date, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.row_security import protect

revision = "0053_customers_told"
down_revision = "0052_delay_reports"


def _tenant() -> sa.Column[str]:
    return sa.Column(
        "tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False
    )


def _text(name: str, *, optional: bool = False, default: str | None = None) -> sa.Column[str]:
    given = None if default is None else sa.text(f"'{default}'")
    return sa.Column(name, sa.Text(), server_default=given, nullable=optional)


def _moment(name: str, *, optional: bool = False) -> sa.Column[datetime]:
    default = None if optional else sa.text("now()")
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=optional)


def _day(name: str, *, optional: bool = True) -> sa.Column[date]:
    return sa.Column(name, sa.Date(), nullable=optional)


def upgrade() -> None:
    op.create_table(
        "customer_needs",
        _tenant(),
        _text("id"),
        _text("account"),
        _text("what"),
        _day("needed_by"),
        _text("asked_by"),
        _text("state", default="proposed"),
        _day("until"),
        sa.Column("hours", sa.Float(), nullable=True),
        _text("epic", optional=True),
        _text("story", optional=True),
        _text("run", optional=True),
        sa.Column("place", JSONB(), nullable=True),
        _text("turn", optional=True),
        _moment("created"),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_customer_needs"),
    )
    op.create_index("ix_customer_needs_tenant_account", "customer_needs", ["tenant", "account"])
    op.create_index("ix_customer_needs_tenant_state_until", "customer_needs", ["tenant", "state", "until"])
    protect("customer_needs")
    op.create_table(
        "customer_promises",
        _tenant(),
        _text("id"),
        _text("account"),
        _text("request", optional=True),
        _text("mail", optional=True),
        _text("what"),
        _day("made", optional=False),
        _text("by"),
        _day("due", optional=False),
        _text("state", default="open"),
        sa.Column("items", JSONB(), nullable=False),
        _day("expected"),
        _day("told"),
        _day("progress"),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_customer_promises"),
    )
    op.create_index("ix_customer_promises_tenant_account", "customer_promises", ["tenant", "account"])
    op.create_index("ix_customer_promises_tenant_state", "customer_promises", ["tenant", "state"])
    protect("customer_promises")
    op.create_table(
        "customer_mails",
        _tenant(),
        _text("id"),
        _text("account"),
        _text("request", optional=True),
        _text("promise", optional=True),
        _text("kind"),
        _text("state"),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        _text("to_name"),
        _text("to_address"),
        _text("subject"),
        sa.Column("paragraphs", JSONB(), nullable=False),
        _day("due"),
        _text("by"),
        sa.Column("place", JSONB(), nullable=True),
        _text("run", optional=True),
        _text("reference", optional=True),
        _text("why", optional=True),
        _moment("created"),
        _moment("sent", optional=True),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_customer_mails"),
    )
    op.create_index("ix_customer_mails_tenant_account", "customer_mails", ["tenant", "account"])
    op.create_index("ix_customer_mails_tenant_request", "customer_mails", ["tenant", "request"])
    op.create_index("ix_customer_mails_tenant_run", "customer_mails", ["tenant", "run"])
    protect("customer_mails")
