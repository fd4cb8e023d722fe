"""The log only grows: not even its owner changes what is written."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.database import Database
from tests.governance.audit.audit_entries import said
from tests.governance.audit.conftest import Write


@pytest.mark.parametrize("table", ["audit_entries", "audit_leaves", "audit_nodes", "audit_checkpoints"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET tenant = tenant", "DELETE FROM {}", "TRUNCATE {}"])
async def test_nobody_changes_what_is_written(
    owner: psycopg.AsyncConnection, write: Write, table: str, statement: str
) -> None:
    await write(*(said() for _ in range(16)))
    before = await (await owner.execute(f"SELECT count(*) FROM {table}".encode())).fetchone()
    for role in ("DEFAULT", "replica"):
        await owner.execute(f"SET session_replication_role = {role}".encode())
        with pytest.raises(psycopg.errors.RestrictViolation, match="only grows"):
            await owner.execute(statement.format(table).encode())
    await owner.execute("SET session_replication_role = DEFAULT")
    assert await (await owner.execute(f"SELECT count(*) FROM {table}".encode())).fetchone() == before


async def test_the_app_role_may_not_even_try(database: Database, tenant: str) -> None:
    for table in ("audit_entries", "audit_leaves", "audit_nodes", "audit_checkpoints"):
        for statement in (f"UPDATE {table} SET tenant = tenant", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with pytest.raises(DBAPIError, match="permission denied"):
                async with database.transaction(tenant) as tx:
                    await tx.execute(text(statement))
