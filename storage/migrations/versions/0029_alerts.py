"""Alerts that come in, incidents with their timelines, and tests of ours that may set alerts off."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.row_security import protect

revision = "0029_alerts"
down_revision = "0028_metrics"


def _tenant() -> sa.Column[str]:
    return sa.Column(
        "tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False
    )


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _numbered() -> sa.Column[int]:
    return sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False)


def _no(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False)


def _count(name: str, first: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default=sa.text(first), nullable=False)


def upgrade() -> None:
    _alerts()
    _incidents()
    _parts_of_incidents()
    op.create_table(
        "announced_tests",
        _tenant(),
        *_texts("id", "service", "stage", "what"),
        _at("starts"),
        _at("ends"),
        _at("ended", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_announced_tests"),
    )
    op.create_index(
        "ix_announced_tests_tenant_service_stage", "announced_tests", ["tenant", "service", "stage"]
    )
    for table in ("alerts", "incidents", "incident_alerts", "announced_tests"):
        protect(table)
    protect("incident_events", "append")


def _alerts() -> None:
    op.create_table(
        "alerts",
        _tenant(),
        *_texts("id"),
        _numbered(),
        *_texts("source", "key", "fingerprint", "name", "service", "stage", "status"),
        _at("told"),
        _at("started"),
        _at("ended", nullable=True),
        *_texts("severity"),
        sa.Column("labels", JSONB(), nullable=False),
        sa.Column("annotations", JSONB(), nullable=False),
        *_texts("link"),
        _count("left_out", "0"),
        _no("repeats"),
        _at("received"),
        _count("times", "1"),
        sa.Column("state", sa.Text(), server_default=sa.text("'stored'"), nullable=False),
        *_texts("outcome", "why", "incident", "test", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_alerts"),
        sa.UniqueConstraint("tenant", "source", "key", name="uq_alerts_tenant_source_key"),
    )
    op.create_index("ix_alerts_tenant_state_received", "alerts", ["tenant", "state", "received"])
    op.create_index("ix_alerts_tenant_source_fingerprint", "alerts", ["tenant", "source", "fingerprint"])


def _incidents() -> None:
    op.create_table(
        "incidents",
        _tenant(),
        *_texts("id"),
        sa.Column("number", sa.Integer(), nullable=False),
        *_texts("service", "stage"),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        *_texts("severity", "title"),
        _at("started"),
        _at("detected"),
        *(_at(name, nullable=True) for name in ("acknowledged", "mitigated", "resolved")),
        *_texts("linked", nullable=True),
        _no("to_show"),
        _at("shown", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_incidents"),
        sa.UniqueConstraint("tenant", "number", name="uq_incidents_tenant_number"),
    )
    op.create_index("ix_incidents_tenant_service_stage", "incidents", ["tenant", "service", "stage"])
    op.create_index(
        "ix_incidents_open",
        "incidents",
        ["tenant", "state"],
        postgresql_where=sa.text("state <> 'resolved'"),
    )


def _parts_of_incidents() -> None:
    incident = (["tenant", "incident"], ["incidents.tenant", "incidents.id"])
    op.create_table(
        "incident_alerts",
        _tenant(),
        *_texts("incident", "source", "fingerprint", "alert", "name", "service"),
        sa.Column("firing", sa.Boolean(), nullable=False),
        _at("told"),
        _at("started"),
        _at("ended", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "incident", "source", "fingerprint", name="pk_incident_alerts"),
        sa.ForeignKeyConstraint(*incident, name="fk_incident_alerts_tenant_incident"),
        sa.ForeignKeyConstraint(
            ["tenant", "alert"], ["alerts.tenant", "alerts.id"], name="fk_incident_alerts_tenant_alert"
        ),
    )
    op.create_index(
        "ix_incident_alerts_tenant_source_fingerprint", "incident_alerts", ["tenant", "source", "fingerprint"]
    )
    op.create_table(
        "incident_events",
        _tenant(),
        *_texts("id"),
        _numbered(),
        *_texts("incident"),
        _at("at"),
        *_texts("kind"),
        sa.Column("detail", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_incident_events"),
        sa.ForeignKeyConstraint(*incident, name="fk_incident_events_tenant_incident"),
    )
    op.create_index(
        "ix_incident_events_tenant_incident_number", "incident_events", ["tenant", "incident", "number"]
    )
