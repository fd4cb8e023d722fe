"""Row-level security for a tenant's table, said once."""

from __future__ import annotations

from typing import Literal

from alembic import op

from storage.app_role import APP_ROLE

_RIGHTS = {"full": "SELECT, INSERT, UPDATE, DELETE", "append": "SELECT, INSERT"}


def protect(table: str, writes: Literal["full", "append"] = "full") -> None:
    """Show each transaction its own tenant's rows of `table`, and give the app role its rights.

    A pooled connection keeps `app.tenant` as an empty string after its first transaction, so the
    comparison turns an empty setting into NULL, which equals nothing.
    """
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY tenant_isolation ON {table} "
        "USING (tenant = nullif(current_setting('app.tenant', true), '')) "
        "WITH CHECK (tenant = nullif(current_setting('app.tenant', true), ''))"
    )
    op.execute(f"GRANT {_RIGHTS[writes]} ON {table} TO {APP_ROLE}")
