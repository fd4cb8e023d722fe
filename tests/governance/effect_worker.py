"""A real worker process that performs effects, and stops dead at one point of the way.

At its point it says so down a pipe and never goes on, so that a test can kill it exactly there. The point
`none` works on. A worker that is to stop takes one job at a time, so that it takes none after that.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from bot.worker import JobFunction, make_app, run_worker
from governance.action import Outcome
from governance.performing import Performer
from simulators.edge import Edge
from storage.database import Database
from storage.jobs import queues_of
from tests.governance.house import House


class StoppingPerformer(Performer):
    """The performer, with a wall at one point. Other points need none: the fake port hangs there."""

    point = "none"
    news: Connection

    async def stop_dead(self) -> None:
        """Say so, and never go on."""
        self.news.send(self.point)
        await asyncio.Event().wait()

    async def perform(self, tenant: str, effect: str) -> None:
        await super().perform(tenant, effect)
        if self.point == "after the outcome":
            await self.stop_dead()

    async def _claim(self, tenant: str, effect: str, **again: Any) -> Any:
        if self.point == "before the claim":
            await self.stop_dead()
        return await super()._claim(tenant, effect, **again)

    async def _call(self, tenant: str, claim: Any) -> Outcome:
        if self.point == "after the claim, before the call":
            await self.stop_dead()
        ended = await super()._call(tenant, claim)
        if self.point == "after the call, before the outcome":
            await self.stop_dead()
        return ended


def jobs_of(house: House) -> Mapping[str, JobFunction]:
    """The one job that matters here, and the others that its transactions queue."""

    async def perform(tenant: str, effect: str, turn: str = "") -> None:
        await house.performer.perform(tenant, effect)

    async def post_notice(tenant: str, id: str, turn: str = "") -> None:
        pass

    async def approval_due(tenant: str, approval: str) -> None:
        pass

    return {"perform": perform, "post_notice": post_notice, "approval_due": approval_due}


def run(url: str, tenant: str, edge: str, point: str, news: Connection) -> None:
    """Work in this process until killed."""
    asyncio.run(_work(url, tenant, edge, point, news))


async def _work(url: str, tenant: str, edge: str, point: str, news: Connection) -> None:
    name = f"worker-{os.getpid()}"
    database = Database.open(url)
    house = House(database, "none", Edge(edge), process=name)
    performer = StoppingPerformer(database, house.gate, {"edge": lambda _tenant: house.edge}, process=name)
    performer.point, performer.news = point, news
    house.performer = performer
    app = make_app(url, jobs_of(house), connections=4)
    async with app.open_async(), asyncio.TaskGroup() as group:
        group.create_task(house.sequencer.run())
        group.create_task(
            run_worker(app, queues_of(tenant), concurrency=8 if point == "none" else 1, name=name)
        )
