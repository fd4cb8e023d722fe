"""The audit log: entries and their openings, the queue for numbers, leaves, nodes, checkpoints."""

import sqlalchemy as sa
from alembic import op

from storage.app_role import APP_ROLE
from storage.migrations.row_security import protect

revision = "0002_audit"
down_revision = "0001_tenants"

_APPEND_ONLY = ("audit_entries", "audit_leaves", "audit_nodes", "audit_checkpoints")


def upgrade() -> None:
    _create_entries()
    _create_tree()
    for table in _APPEND_ONLY:
        protect(table, writes="append")
    protect("audit_openings")
    protect("audit_pending")
    op.execute(f"REVOKE UPDATE ON audit_pending FROM {APP_ROLE}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON audit_sequencer TO {APP_ROLE}")
    _forbid_changes()
    _let_the_sequencer_see_who_waits()
    # Pending rows live for milliseconds: without this their remains would slow every round down.
    op.execute(
        "ALTER TABLE audit_pending SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,"
        " autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000000000)"
    )


def _create_entries() -> None:
    op.create_table(
        "audit_entries",
        _tenant(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("turn", sa.Text(), nullable=True),
        sa.Column("effect", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_audit_entries"),
    )
    for column in ("kind", "actor", "type"):
        op.create_index(f"ix_audit_entries_tenant_{column}_id", "audit_entries", ["tenant", column, "id"])
    for column in ("subject", "turn", "effect"):
        op.create_index(
            f"ix_audit_entries_tenant_{column}_id",
            "audit_entries",
            ["tenant", column, "id"],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.create_table(
        "audit_openings",
        _tenant(),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("openings", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "entry", name="pk_audit_openings"),
    )
    op.create_table(
        "audit_pending",
        _tenant(),
        sa.Column("arrival", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "arrival", name="pk_audit_pending"),
    )


def _create_tree() -> None:
    op.create_table(
        "audit_leaves",
        _tenant(),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number", name="pk_audit_leaves"),
        sa.UniqueConstraint("tenant", "entry", name="uq_audit_leaves_tenant_entry"),
    )
    op.create_table(
        "audit_nodes",
        _tenant(),
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "level", "index", name="pk_audit_nodes"),
    )
    op.create_table(
        "audit_checkpoints",
        _tenant(),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "size", name="pk_audit_checkpoints"),
    )
    op.create_table(
        "audit_sequencer",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("beat", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_sequencer"),
    )


def _tenant() -> sa.Column[str]:
    return sa.Column(
        "tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False
    )


def _forbid_changes() -> None:
    op.execute(
        """
        CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the audit log only grows: % on % is refused', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    for table in _APPEND_ONLY:
        # Per row, UPDATE and DELETE would be seen, but not TRUNCATE; per statement, all three are, and so
        # is a statement that touches no row. ALWAYS: it also fires for a session that poses as a replica.
        op.execute(
            f"CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER only_grows")


def _let_the_sequencer_see_who_waits() -> None:
    # One sequencer serves all tenants, but row-level security hides everybody's pending rows from a
    # transaction without a tenant. Asking tenant by tenant would cost a transaction for each of them
    # fifty times a second. So one function, run with its owner's rights, tells which tenants have
    # something waiting, and nothing else; their rows are then read as that tenant. It steps from tenant
    # to tenant through the primary key, so a long queue costs no more than a short one.
    op.execute(
        """
        CREATE FUNCTION audit_waiting_tenants() RETURNS SETOF text
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
        AS $$
            WITH RECURSIVE waiting AS (
                (SELECT tenant FROM public.audit_pending ORDER BY tenant LIMIT 1)
                UNION ALL
                SELECT (SELECT p.tenant FROM public.audit_pending p
                        WHERE p.tenant > waiting.tenant ORDER BY p.tenant LIMIT 1)
                FROM waiting WHERE waiting.tenant IS NOT NULL
            )
            SELECT tenant FROM waiting WHERE tenant IS NOT NULL
        $$
        """
    )
    op.execute("REVOKE ALL ON FUNCTION audit_waiting_tenants() FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION audit_waiting_tenants() TO {APP_ROLE}")
