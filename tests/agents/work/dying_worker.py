"""A worker that does the steps of all runs until it is killed: arguments are URL, tenant and name."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import select

from agents.work.executor import Executor
from agents.work.runs import steps_of
from agents.work.scheduler import Scheduler
from agents.work.tables import RunRow
from governance.authority.policy import load
from governance.gate import Gate
from governance.registry import Registry
from storage.database import Database
from tests.agents.work.kinds import KINDS, no_ports


@asynccontextmanager
async def _agent_work(_tenant: str) -> AsyncIterator[None]:
    yield


async def _work(url: str, tenant: str, name: str) -> None:
    database = Database.open(url, pool_size=4)
    scheduler = Scheduler(Gate(load(), Registry([])), KINDS)
    executor = Executor(database, scheduler, _agent_work, name, no_ports, beat_seconds=0.1)
    sys.stdout.write("working\n")
    sys.stdout.flush()
    while True:
        async with database.transaction(tenant) as tx:
            ids = (await tx.execute(select(RunRow.id).where(RunRow.state == "running"))).scalars().all()
        for run in ids:
            async with database.transaction(tenant) as tx:
                await scheduler.advance(tx, run)
            async with database.transaction(tenant) as tx:
                now = datetime.now(UTC)
                going = [
                    row.key
                    for row in await steps_of(tx, run)
                    if row.state == "running" or (row.state == "asleep" and row.wake and row.wake <= now)
                ]
            await asyncio.gather(*(executor.do(tenant, run, key) for key in going))
        await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(_work(*sys.argv[1:4]))
