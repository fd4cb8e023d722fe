"""The database's own promises: tenants, jobs in transactions."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from storage.database import Database
from storage.jobs import defer


async def test_a_job_is_queued_only_when_its_transaction_commits(database: Database, tenant: str) -> None:
    async def queued() -> int:
        async with database.transaction(tenant) as tx:
            found = await tx.execute(
                text("SELECT count(*) FROM procrastinate_jobs WHERE args->>'tenant' = :t"), {"t": tenant}
            )
            return int(found.scalar_one())

    with pytest.raises(RuntimeError):
        async with database.transaction(tenant) as tx:
            await defer(tx, "turn", {"id": "1"}, lock="thread")
            raise RuntimeError("the plug is pulled")
    assert await queued() == 0

    async with database.transaction(tenant) as tx:
        await defer(tx, "turn", {"id": "1"}, lock="thread")
    assert await queued() == 1


async def test_a_transaction_without_a_tenant_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="needs a tenant"):
        async with database.transaction(""):
            pass
