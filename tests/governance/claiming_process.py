"""A process in which several writers claim effects as fast as they can, until nothing is left to claim."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from multiprocessing.connection import Connection

from storage.database import Database
from tests.governance.fake_port import Edge
from tests.governance.house import House


def run(url: str, tenant: str, effects: Sequence[Sequence[str]], news: Connection) -> None:
    """One writer for each list of effects. Says so when its first claim went through, and when all ended."""
    asyncio.run(_run(url, tenant, effects, news))


async def _run(url: str, tenant: str, effects: Sequence[Sequence[str]], news: Connection) -> None:
    house = House(Database.open(url), tenant, Edge("http://127.0.0.1:1"))

    async def write(number: int, mine: Sequence[str]) -> None:
        for count, effect in enumerate(mine):
            await house.performer._claim(tenant, effect)
            if (number, count) == (0, 0):
                news.send("claiming")

    await asyncio.gather(*(write(number, mine) for number, mine in enumerate(effects)))
    news.send("ended")
