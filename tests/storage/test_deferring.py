"""A job of which one waits at most, queued by many at once."""

from __future__ import annotations

import asyncio

from procrastinate import sql as engine_sql
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from storage import direct
from storage.database import Database, tenant_of
from storage.jobs import defer_once, queues_of

JOBS = "SELECT status FROM procrastinate_jobs WHERE args->>'tenant' = :tenant ORDER BY id"
WAITS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


async def jobs(database: Database, tenant: str) -> list[str]:
    async with database.transaction(tenant) as tx:
        return list((await tx.execute(text(JOBS), {"tenant": tenant})).scalars())


async def fetched(tx: AsyncSession) -> bool:
    """Whether a worker gets a job."""
    worker = {"worker_id": 1, "queues": list(queues_of(tenant_of(tx)))}
    known = "INSERT INTO procrastinate_workers (id) OVERRIDING SYSTEM VALUE VALUES (1) ON CONFLICT DO NOTHING"
    await tx.execute(text(known))
    row = await direct.row(tx, engine_sql.queries["fetch_job"], worker)
    return row is not None and row[0] is not None


async def test_many_at_once_queue_one(database: Database, tenant: str) -> None:
    async def queue() -> None:
        async with database.transaction(tenant) as tx:
            await defer_once(tx, "look", {}, "a")

    async with database.transaction(tenant) as tx:
        await defer_once(tx, "look", {}, "a")
        others = [asyncio.create_task(queue()) for _ in range(3)]
        while not (await tx.execute(text(WAITS))).scalar():
            pass
    await asyncio.gather(*others)
    await queue()
    assert await jobs(database, tenant) == ["todo"]


async def test_one_that_waits_begins_only_after_what_was_changed_can_be_seen(
    database: Database, tenant: str
) -> None:
    async with database.transaction(tenant) as tx:
        await defer_once(tx, "look", {}, "a")
    async with database.transaction(tenant) as changing:
        await defer_once(changing, "look", {}, "a")
        async with database.transaction(tenant) as tx:
            assert not await fetched(tx)
    async with database.transaction(tenant) as tx:
        assert await fetched(tx)
    async with database.transaction(tenant) as tx:
        await defer_once(tx, "look", {}, "a")
    assert await jobs(database, tenant) == ["doing", "todo"], "one that has begun has seen nothing of it"
