"""A process that runs agents: its watch of the fence, and pieces of work that never end by themselves."""

from __future__ import annotations

import asyncio
from multiprocessing.connection import Connection

from bot.fence_watch import FenceWatch
from bot.listener import Listener
from governance.fence import CHANNEL, Halted
from storage.database import Database


def run(url: str, worker: str, tenant: str, pieces: int, news: Connection) -> None:
    """Watch and work; says `working` once all pieces are at it, and `halted` for each that a halt ended."""
    asyncio.run(_run(url, worker, tenant, pieces, news))


async def _run(url: str, worker: str, tenant: str, pieces: int, news: Connection) -> None:
    listener = Listener(url)
    watch = FenceWatch(Database.open(url, pool_size=2), listener, worker)
    at_it = asyncio.Barrier(pieces + 1)

    async def piece() -> None:
        try:
            async with watch.agent_work(tenant):
                await at_it.wait()
                await asyncio.Event().wait()
        except Halted:
            news.send("halted")

    async with asyncio.TaskGroup() as group:
        group.create_task(listener.run((CHANNEL,)))
        group.create_task(watch.run())
        for _ in range(pieces):
            group.create_task(piece())
        await at_it.wait()
        news.send("working")
