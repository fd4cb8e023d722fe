"""A process in which several writers claim effects as fast as they can, until nothing is left to claim."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from multiprocessing.connection import Connection

from sqlalchemy import text

from simulators.edge import Edge
from storage.database import Database
from tests.governance.house import House


def run(url: str, tenant: str, effects: Sequence[Sequence[str]], news: Connection) -> None:
    """One writer for each list of effects. Waits to be told to begin; says when all ended."""
    asyncio.run(_run(url, tenant, effects, news))


async def _run(url: str, tenant: str, effects: Sequence[Sequence[str]], news: Connection) -> None:
    house = House(Database.open(url), tenant, Edge("http://127.0.0.1:1"))

    async def write(mine: Sequence[str]) -> None:
        for effect in mine:
            await house.performer._claim(tenant, effect)

    async with house.database.transaction(tenant) as tx:
        await tx.execute(text("SELECT 1"))
    news.send("ready")
    news.recv()
    await asyncio.gather(*(write(mine) for mine in effects))
    news.send("ended")
