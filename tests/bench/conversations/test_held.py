"""A conversation's department: its transactions are savepoints, what they change is seen, and nothing stays."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import text

from bench.conversations.changes import Books, Change, changes_between
from bench.conversations.department import HeldDatabase
from storage.database import Database

_ADD = text(
    "INSERT INTO quiet_hours (person, starts, ends, blockers_pierce) VALUES (:p, '20:00', '07:00', false)"
)
_COUNT = text("SELECT count(*) FROM quiet_hours")


async def test_what_a_held_department_changes_is_told_and_nothing_of_it_stays(
    database: Database, tenant: str
) -> None:
    async with database.transaction(tenant) as tx:
        await tx.execute(_ADD, {"p": "before"})
    async with database.engine.connect() as connection, connection.begin():
        driver = (await connection.get_raw_connection()).driver_connection
        assert isinstance(driver, psycopg.AsyncConnection)
        await driver.execute("BEGIN")
        await driver.execute("SELECT set_config('app.tenant', %s, true)", [tenant])
        held = HeldDatabase(database.engine, connection, driver)
        books = await Books.open(driver)

        async def told(*statements: str) -> list[tuple[str, object, object]]:
            before = await books.snapshot()
            async with held.transaction(tenant) as tx:
                for statement in statements:
                    await tx.execute(text(statement))
            return [_short(change) for change in changes_between(before, await books.snapshot())]

        assert await told() == []
        added = (
            "INSERT INTO quiet_hours (person, starts, ends, blockers_pierce) VALUES ('x','1:00','2:00',true)"
        )
        assert await told(added) == [("quiet_hours", None, True)]
        assert await told("UPDATE quiet_hours SET blockers_pierce = false WHERE person = 'x'") == [
            ("quiet_hours", True, False)
        ]
        assert await told("UPDATE quiet_hours SET blockers_pierce = true WHERE person = 'before'") == [
            ("quiet_hours", None, True)
        ]
        assert await told("DELETE FROM quiet_hours WHERE person = 'x'") == [("quiet_hours", False, None)]
        with pytest.raises(ZeroDivisionError):
            async with held.transaction(tenant) as tx:
                await tx.execute(_ADD, {"p": "undone"})
                raise ZeroDivisionError
        async with held.transaction(tenant) as tx, held.transaction(tenant) as inner:
            assert (await inner.execute(_COUNT)).scalar() == (await tx.execute(_COUNT)).scalar() == 1
        await driver.execute("ROLLBACK")
    async with database.transaction(tenant) as tx:
        kept = (await tx.execute(text("SELECT person, blockers_pierce FROM quiet_hours"))).all()
    assert [tuple(row) for row in kept] == [("before", False)]


async def test_a_row_from_before_that_is_deleted_is_told(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as tx:
        await tx.execute(_ADD, {"p": "before"})
    async with database.transaction(tenant) as tx:
        books = await Books.open(tx.info["driver"])
        before = await books.snapshot()
        await tx.execute(text("DELETE FROM quiet_hours"))
        assert changes_between(before, await books.snapshot()) == (Change("quiet_hours", None, None),)


def _short(change: Change) -> tuple[str, object, object]:
    def pierces(row: object) -> object:
        return row["blockers_pierce"] if isinstance(row, dict) else None

    return change.table, pierces(change.before), pierces(change.after)
