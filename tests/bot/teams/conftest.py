"""The sample department at work in Teams: a fake Teams at one end, all of Countersign at the other."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import text

from bot.department import Installation
from bot.opening import open_installation
from bot.processes import worker_part
from bot.serving import make_served
from bot.settings import Settings
from governance.fence import CHANNEL
from storage.embedded import EmbeddedServer
from tests.fakes.teams import FakeTeams, Message, Someone
from tests.office import Deaf


@dataclass(frozen=True)
class TeamsOffice:
    """A department at work in Teams."""

    teams: FakeTeams
    installation: Installation

    @property
    def tenant(self) -> str:
        return self.installation.settings.tenant

    def person(self, name: str) -> Someone:
        return self.teams.person(name)

    async def rows(self, query: str, **values: Any) -> list[Any]:
        """What the database says."""
        async with self.installation.database.transaction(self.tenant) as tx:
            return list((await tx.execute(text(query), values)).all())

    async def settled(self) -> None:
        """Wait until everything that was said is answered and everything that is to be posted is out."""
        async with asyncio.timeout(20):
            while await self.rows(  # noqa: ASYNC110 — the rows are the truth, in whatever process
                "SELECT id FROM inbox WHERE state = 'stored'"
                " UNION ALL SELECT id FROM outbox WHERE state = 'waiting'"
                " UNION ALL SELECT id FROM notices WHERE posted IS NULL"
                " UNION ALL SELECT id FROM effects WHERE state IN ('ready', 'claimed') LIMIT 1"
            ):
                await asyncio.sleep(0.02)

    async def answered(self, said: Message) -> Message:
        """The bot's answer to something said: in its thread, or next in the chat."""
        return await self.teams.wait_for(
            lambda each: (each.conversation, each.root) == (said.conversation, said.root), after=said
        )


@asynccontextmanager
async def teams_office(
    server: EmbeddedServer, folder: Path, *, works: bool = True, **settings: Any
) -> AsyncIterator[TeamsOffice]:
    """An office of one's own; without a worker (`works`) what comes in is stored and stays so."""
    async with AsyncExitStack() as stack:
        teams = await stack.enter_async_context(await FakeTeams.start())
        told = {name.lower(): value for name, value in teams.settings().items()} | settings
        installation = await open_installation(
            Settings(
                _env_file=None,  # type: ignore[call-arg]
                database_url=server.app_url,
                database_owner_url=server.owner_url,
                var_folder=folder,
                log_level="error",
                **{"tenant": f"te{uuid.uuid4().hex[:10]}", **told},
            )
        )
        installation.__dict__["recogniser"] = Deaf()
        web = TestServer(make_served(installation).app)
        await web.start_server()
        stack.push_async_callback(web.close)
        teams.bot_url = str(web.make_url("/teams/messages"))
        parts = [worker_part(installation), installation.listener.run((CHANNEL,))] if works else []
        tasks = [asyncio.create_task(part) for part in parts]
        stack.push_async_callback(_stop, tasks, installation)
        yield TeamsOffice(teams, installation)


async def _stop(tasks: list[asyncio.Task[None]], installation: Installation) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await _forget_jobs(installation)
    await installation.close()


async def _forget_jobs(installation: Installation) -> None:
    queued = text("DELETE FROM procrastinate_jobs WHERE args->>'tenant' = :id")
    async with installation.database.untenanted() as tx:
        await tx.execute(queued, {"id": installation.settings.tenant})


@pytest.fixture(scope="module")
async def office(
    server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[TeamsOffice]:
    """One office for a module, which leaves it as it was; it ends with it, for its workers are awake."""
    async with teams_office(server, tmp_path_factory.mktemp("teams")) as opened:
        yield opened


@pytest.fixture(scope="module")
async def closed_office(
    server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[TeamsOffice]:
    async with teams_office(server, tmp_path_factory.mktemp("teams"), works=False) as opened:
        yield opened


@pytest.fixture
async def empty_office(closed_office: TeamsOffice) -> AsyncIterator[TeamsOffice]:
    """An office in which nobody works: what comes in is stored and stays so, also by others' workers."""
    yield closed_office
    await _forget_jobs(closed_office.installation)


@pytest.fixture
async def own_office(server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[TeamsOffice]:
    """An office of a test's own."""
    async with teams_office(server, tmp_path) as opened:
        yield opened
