"""Pooled connections: one that the server ended is replaced before anybody works with it."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from storage.database import Database
from storage.embedded import EmbeddedServer


async def _end_all(server: EmbeddedServer, application: str) -> int:
    """How many connections are gone now; told to go only, one may still take a statement."""
    async with await psycopg.AsyncConnection.connect(server.owner_url, autocommit=True) as owner:
        ended = await owner.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = %s",
            (application,),
        )
        return [gone for (gone,) in await ended.fetchall()].count(True)


async def test_a_connection_that_was_ended_while_idle_is_not_handed_out(server: EmbeddedServer) -> None:
    database = Database.open(f"{server.app_url}&application_name=idle")
    async with database.transaction("a"):
        pass
    assert await _end_all(server, "idle") == 1
    async with database.transaction("a") as tx:
        assert (await tx.execute(text("SELECT current_setting('app.tenant')"))).scalar_one() == "a"
    async with database.untenanted() as tx:
        assert (await tx.execute(text("SELECT 1"))).scalar_one() == 1
    await database.close()


async def test_a_connection_that_ends_in_the_middle_fails_once_and_leaves_the_pool(
    server: EmbeddedServer,
) -> None:
    database = Database.open(f"{server.app_url}&application_name=middle")
    with pytest.raises(OperationalError) as lost:
        async with database.transaction("a") as tx:
            assert await _end_all(server, "middle") == 1
            await tx.execute(text("SELECT 1"))
    assert lost.value.connection_invalidated
    async with database.transaction("a") as tx:
        assert (await tx.execute(text("SELECT 1"))).scalar_one() == 1
    await database.close()


async def test_the_tenant_ends_with_its_transaction(server: EmbeddedServer) -> None:
    database = Database.open(server.app_url, pool_size=1)
    async with database.transaction("a"):
        pass
    async with database.untenanted() as tx:
        assert (await tx.execute(text("SELECT current_setting('app.tenant', true)"))).scalar_one() in ("", None)
    async with database.transaction("b") as tx:
        assert (await tx.execute(text("SELECT current_setting('app.tenant')"))).scalar_one() == "b"
    await database.close()


async def test_nobody_gets_the_connection_of_a_transaction_that_was_cancelled(server: EmbeddedServer) -> None:
    database = Database.open(server.app_url, pool_size=1)
    ids: list[int] = []

    async def sleeps() -> None:
        async with database.transaction("a") as tx:
            ids.append((await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one())
            await tx.execute(text("SELECT pg_sleep(60)"))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await sleeps()
    async with database.transaction("b") as tx:
        ids.append((await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one())
    assert len(set(ids)) == 2
    await database.close()


async def test_a_statement_that_ran_out_of_time_leaves_nothing_for_the_next_one(server: EmbeddedServer) -> None:
    database = Database.open(server.app_url, pool_size=1)
    with pytest.raises(TimeoutError):
        async with database.transaction("a") as tx:
            async with asyncio.timeout(0.2):
                await tx.execute(text("SELECT 'late' FROM pg_sleep(60)"))
    async with database.transaction("b") as tx:
        assert (await tx.execute(text("SELECT current_setting('app.tenant')"))).scalar_one() == "b"
        assert (await tx.execute(text("SELECT 'mine'"))).scalar_one() == "mine"
    await database.close()
