"""Two tenants with hostile names: in no table does either see, change, make or take away the other's rows."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.exc import DBAPIError

from storage.database import Database
from storage.embedded import EmbeddedServer
from tests.books import TAMPERED
from tests.storage.tables import all_tables, tenant_tables

TENANTS = ("x' OR '1'='1", 'тенант‮ "; DROP TABLE tenants; --🦊')
TABLES = {table.name: table for table in tenant_tables()}
READABLE_BY_ALL = {"fences"}
"""A fence says which epoch it is in and no more; one process watches all of them."""


def a_value(column: sa.Column[Any], seed: int) -> Any:
    """Something that fits a column, another one for each seed."""
    kind = column.type
    match kind:
        case sa.DateTime():
            return datetime(2026, 11, 23, tzinfo=UTC)
        case sa.Date():
            return date(2026, 11, 23)
        case sa.Time():
            return time(9, 30)
        case sa.Boolean():
            return True
        case sa.Numeric() | sa.Double():
            return Decimal(seed)
        case sa.Integer():
            return seed
        case sa.LargeBinary():
            return bytes([seed])
        case ARRAY():
            return []
        case JSONB():
            return {}
        case _:
            return f"v{seed}"


def a_row(table: Table, seed: int) -> dict[str, Any]:
    """A row without a tenant. Columns that refer elsewhere hold what a row of the same seed holds there."""
    return {
        column.name: a_value(column, seed)
        for column in table.columns
        if column.name != "tenant" and column.identity is None and not _is_optional_reference(table, column)
    }


def _is_optional_reference(table: Table, column: sa.Column[Any]) -> bool:
    return bool(
        column.nullable and any(column in key.columns.values() for key in table.foreign_key_constraints)
    )


@pytest.fixture(scope="module")
async def filled(database: Database) -> tuple[str, str]:
    """Both tenants, each with a row in every table; both rows hold the same ids."""
    first, second = (f"{name} {uuid.uuid4().hex[:6]}" for name in TENANTS)
    TAMPERED.update((first, second))
    for tenant in (first, second):
        async with database.untenanted() as tx:
            await tx.execute(sa.text("INSERT INTO tenants (id, name) VALUES (:t, :t)"), {"t": tenant})
        async with database.transaction(tenant) as tx:
            for table in TABLES.values():
                await tx.execute(sa.insert(table).values(a_row(table, 1)))
    return first, second


async def _count(database: Database, tenant: str, table: Table) -> int:
    async with database.transaction(tenant) as tx:
        return int((await tx.execute(sa.select(sa.func.count()).select_from(table))).scalar_one())


async def _touched(database: Database, tenant: str, statement: sa.Executable) -> int:
    """How many rows a statement touched; none where the database refused it for whose rows they are."""
    try:
        async with database.transaction(tenant) as tx:
            return int((await tx.execute(statement)).rowcount)  # type: ignore[attr-defined]
    except DBAPIError as refused:
        if isinstance(refused.orig, psycopg.errors.InsufficientPrivilege):
            return 0
        raise


@pytest.mark.parametrize("name", sorted(TABLES))
async def test_each_tenant_sees_its_own_rows_alone(
    database: Database, filled: tuple[str, str], name: str
) -> None:
    table = TABLES[name]
    async with database.transaction(filled[0]) as tx:
        seen = set((await tx.execute(sa.select(table.c.tenant))).scalars())
        named = sa.select(sa.func.count()).select_from(table).where(table.c.tenant == filled[1])
        others = (await tx.execute(named)).scalar_one()
    if name in READABLE_BY_ALL:
        assert set(filled) <= seen
    else:
        assert (seen, others) == ({filled[0]}, 0)


@pytest.mark.parametrize("name", sorted(TABLES))
async def test_nobody_writes_into_another_tenants_rows(
    database: Database, filled: tuple[str, str], name: str
) -> None:
    table = TABLES[name]
    before = await _count(database, filled[1], table)
    for statement in (
        sa.insert(table).values(a_row(table, 2) | {"tenant": filled[1]}),
        sa.update(table).where(table.c.tenant == filled[1]).values(tenant=filled[0]),
        sa.update(table).where(table.c.tenant == filled[0]).values(tenant=filled[1]),
        sa.delete(table).where(table.c.tenant == filled[1]),
    ):
        assert await _touched(database, filled[0], statement) == 0
    assert await _count(database, filled[1], table) == before
    assert await _count(database, filled[0], table) >= 1


@pytest.mark.parametrize("name", sorted(TABLES))
async def test_without_a_tenant_there_is_nothing_to_see_and_nothing_to_make(
    database: Database, filled: tuple[str, str], name: str
) -> None:
    table = TABLES[name]
    for setting in (None, ""):
        async with database.untenanted() as tx:
            if setting is not None:
                await tx.execute(sa.text("SELECT set_config('app.tenant', :s, true)"), {"s": setting})
            seen = (await tx.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()
            assert seen == 0 or name in READABLE_BY_ALL
        for made in ({}, {"tenant": ""}, {"tenant": filled[0]}):
            with pytest.raises(DBAPIError):
                async with database.untenanted() as tx:
                    if setting is not None:
                        await tx.execute(sa.text("SELECT set_config('app.tenant', :s, true)"), {"s": setting})
                    await tx.execute(sa.insert(table).values(a_row(table, 3) | made))


def test_every_tenants_table_is_protected(server: EmbeddedServer) -> None:
    with psycopg.connect(server.owner_url) as connection:
        protected = {
            row[0]
            for row in connection.execute(
                "SELECT relname FROM pg_class WHERE relrowsecurity AND relnamespace = 'public'::regnamespace"
            )
        }
        policies = connection.execute(
            "SELECT tablename, policyname, permissive, roles::text, cmd, qual, with_check FROM pg_policies"
        ).fetchall()
    assert protected >= set(TABLES)
    tenant_policies = {row[0]: row for row in policies if row[1] == "tenant_isolation"}
    assert set(tenant_policies) >= set(TABLES)
    for name in TABLES:
        _, _, _, roles, command, using, check = tenant_policies[name]
        assert (roles, command) == ("{public}", "ALL")
        for clause in (using, check):
            assert "NULLIF(current_setting('app.tenant'::text, true), ''::text)" in clause
    others = {(row[0], row[4]) for row in policies if row[1] != "tenant_isolation"}
    assert others <= {(name, "SELECT") for name in READABLE_BY_ALL}, "nothing else opens a table to others"


def test_tables_without_a_tenant_are_few_and_known() -> None:
    known = {"tenants", "workers", "audit_sequencer"}
    assert {table.name for table in all_tables() if "tenant" not in table.columns} == known


def test_every_key_begins_with_the_tenant() -> None:
    for table in TABLES.values():
        assert table.primary_key.columns.keys()[0] == "tenant", table.name
        for index in table.indexes:
            assert next(iter(index.columns)).name == "tenant", index.name
        for unique in table.constraints:
            if isinstance(unique, sa.UniqueConstraint):
                assert unique.columns.keys()[0] == "tenant", unique.name


def test_foreign_keys_carry_the_tenant_for_they_bypass_row_security(server: EmbeddedServer) -> None:
    with psycopg.connect(server.owner_url) as connection:
        keys = connection.execute(
            "SELECT conrelid::regclass::text, conname,"
            " (SELECT json_agg(attname) FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY(conkey)),"
            " (SELECT json_agg(attname) FROM pg_attribute WHERE attrelid = confrelid AND attnum = ANY(confkey))"
            " FROM pg_constraint WHERE contype = 'f'"
        ).fetchall()
    ours = [key for key in keys if key[0] in TABLES]
    assert len(ours) >= 10
    for _, name, here, there in ours:
        assert "tenant" in here, json.dumps([name, here])
        assert "tenant" in there, json.dumps([name, there])
