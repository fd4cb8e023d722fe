"""The engine over a department at the fake port, and a service outside that takes its time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from agents.work import runs
from agents.work.executor import Executor
from agents.work.kinds import NewStep
from agents.work.scheduler import Scheduler
from agents.work.sweep import queue_abandoned_steps
from agents.work.tables import ENDED, RunRow, StepRow
from governance.fence import Halted, hold
from tests.agents.work.kinds import KINDS, no_ports
from tests.governance.conftest import edge, edge_url
from tests.governance.house import House

__all__ = ["edge", "edge_url"]


class Outside:
    """A service that works on jobs by token. Each look brings one nearer to its end."""

    def __init__(self) -> None:
        self.jobs: dict[str, int] = {}
        self.started: list[str] = []
        self.cancelled: list[str] = []
        self.takes = 2
        self.url = ""

    async def start(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        self.started.append(token)
        self.jobs[token] = self.takes
        return web.json_response({"job": token})

    async def look(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        if token not in self.jobs:
            raise web.HTTPNotFound
        self.jobs[token] = max(self.jobs[token] - 1, 0)
        return web.json_response({"job": token, "left": self.jobs[token]})

    async def cancel(self, request: web.Request) -> web.Response:
        self.cancelled.append(request.match_info["token"])
        self.jobs.pop(request.match_info["token"], None)
        return web.Response()


@dataclass
class Engine:
    """Runs go on by themselves as a worker's jobs would let them; `journal` is where work leaves lines."""

    house: House
    journal: Path
    pools: dict[str, int] = field(default_factory=lambda: {"work": 4, "effects": 8, "waits": 64})
    process: str = "test"

    def __post_init__(self) -> None:
        self.house.now = datetime.now(UTC)
        self.scheduler = Scheduler(self.house.gate, KINDS, self.pools)
        self.executor = Executor(
            self.house.database, self.scheduler, self._agent_work, self.process, no_ports, beat_seconds=0.05
        )

    @asynccontextmanager
    async def _agent_work(self, tenant: str) -> AsyncIterator[None]:
        async with self.house.database.transaction(tenant) as tx:
            if (await hold(tx)).halted:
                raise Halted
        yield

    async def begin(self, *steps: NewStep, subject: str | None = None) -> str:
        async with self.house.database.transaction(self.house.tenant) as tx:
            run = await runs.begin(tx, KINDS, "test", "A test", steps, requester="nathan", subject=subject)
            return run.id

    def step(
        self, key: str, kind: str = "note", *after: str, locks: Sequence[str] = (), **args: Any
    ) -> NewStep:
        return NewStep(key, kind, key, {"journal": str(self.journal), **args}, tuple(after), tuple(locks))

    async def advance(self, run: str) -> None:
        self.house.now = datetime.now(UTC)
        async with self.house.database.transaction(self.house.tenant) as tx:
            await self.scheduler.advance(tx, run)

    async def states(self, run: str) -> dict[str, str]:
        return {row.key: row.state for row in await self.rows(run)}

    async def rows(self, run: str) -> list[StepRow]:
        async with self.house.database.transaction(self.house.tenant) as tx:
            return await runs.steps_of(tx, run)

    async def run(self, run: str) -> RunRow:
        async with self.house.database.transaction(self.house.tenant) as tx:
            return (await tx.execute(select(RunRow).where(RunRow.id == run))).scalar_one()

    async def round(self, *ids: str) -> None:
        """What is next of these runs, done side by side."""
        for run in ids:
            await self.advance(run)
        doing = []
        for run in ids:
            for row in await self.rows(run):
                due = row.state == "asleep" and row.wake is not None and row.wake <= datetime.now(UTC)
                if row.state == "running" or due:
                    doing.append(self.executor.do(self.house.tenant, run, row.key))
                elif row.state == "submitted" and row.effect is not None:
                    await self.house.perform(row.effect)
        await asyncio.gather(*doing)

    async def until_over(self, *ids: str) -> None:
        async with asyncio.timeout(60):
            while True:
                await self.round(*ids)
                for run in ids:
                    await self.advance(run)
                if all([(await self.run(run)).state in ENDED for run in ids]):
                    return
                await asyncio.sleep(0.02)

    async def until(self, run: str, wanted: Callable[[StepRow], bool]) -> StepRow:
        """The first step of a run that is as wanted, once there is one."""
        async with asyncio.timeout(60):
            while (found := next(filter(wanted, await self.rows(run)), None)) is None:  # noqa: ASYNC110 — the rows tell nobody
                await asyncio.sleep(0.02)
            return found

    async def sweep(self) -> int:
        async with self.house.database.transaction(self.house.tenant) as tx:
            return await queue_abandoned_steps(tx)

    def lines(self) -> list[str]:
        return self.journal.read_text().splitlines() if self.journal.exists() else []


@pytest.fixture
async def house(database: Any, tenant: str, edge: Any) -> AsyncIterator[House]:
    opened = House(database, tenant, edge)
    await opened.open()
    yield opened
    await opened.balance()


@pytest.fixture
def engine(house: House, tmp_path: Path) -> Engine:
    return Engine(house, tmp_path / "journal")


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    made = Outside()
    app = web.Application()
    app.router.add_post("/jobs/{token}", made.start)
    app.router.add_get("/jobs/{token}", made.look)
    app.router.add_delete("/jobs/{token}", made.cancel)
    server = TestServer(app)
    await server.start_server()
    made.url = str(server.make_url("/")).rstrip("/")
    yield made
    await server.close()
