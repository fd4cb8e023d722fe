"""The sample department at work, whatever its people talk in: all of Countersign, as a company of its own."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestServer
from sqlalchemy import text

from bot.bootstrap import open_installation
from bot.department import Installation
from bot.processes import worker_part
from bot.serving import make_served
from bot.settings import Settings
from governance.fence import CHANNEL
from handlers.language.mood import Mood
from handlers.language.recognition import Recognition
from storage.embedded import EmbeddedServer

_UNFINISHED = (
    "SELECT id FROM inbox WHERE state = 'stored'"
    " UNION ALL SELECT id FROM outbox WHERE state = 'waiting'"
    " UNION ALL SELECT id FROM notices WHERE posted IS NULL"
    " UNION ALL SELECT id FROM effects WHERE state IN ('ready', 'claimed') LIMIT 1"
)


class Deaf:
    """No sentence model: what is asked for is said exactly; decisions are read all the same."""

    def start(self) -> None:
        """Nothing to load."""

    def begin(self, text: str) -> None:
        """Nothing to work out ahead."""

    async def recognise(self, text: str) -> Recognition:
        return Recognition(None, 0.0, (), Mood.OTHER, 0.0)


@dataclass(frozen=True)
class Workplace:
    """A department at work. `address` is where its web server listens."""

    installation: Installation
    address: str

    @property
    def tenant(self) -> str:
        return self.installation.settings.tenant

    async def rows(self, query: str, **values: Any) -> list[Any]:
        """What the database says."""
        async with self.installation.database.transaction(self.tenant) as tx:
            return list((await tx.execute(text(query), values)).all())

    async def settled(self) -> None:
        """Wait until everything that was said is answered and everything that is to be posted is out."""
        async with asyncio.timeout(60):
            while await self.rows(_UNFINISHED):  # noqa: ASYNC110 — the rows are the truth, in whatever process
                await asyncio.sleep(0.02)

    async def forget_jobs(self) -> None:
        """Leave nothing queued: another's workers would find it."""
        queued = text("DELETE FROM procrastinate_jobs WHERE args->>'tenant' = :id")
        async with self.installation.database.untenanted() as tx:
            await tx.execute(queued, {"id": self.tenant})


def settings_of(server: EmbeddedServer, folder: Path, **settings: Any) -> Settings:
    """The settings of a company of its own."""
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=server.app_url,
        database_owner_url=server.owner_url,
        var_folder=folder,
        **{"tenant": f"o{uuid.uuid4().hex[:11]}", "log_level": "error", "look_seconds": 45} | settings,
    )


@asynccontextmanager
async def at_work(
    server: EmbeddedServer, folder: Path, *, works: bool = True, **settings: Any
) -> AsyncIterator[Workplace]:
    """A workplace, until the block ends; without a worker (`works`) what comes in is stored and stays so."""
    installation = await open_installation(settings_of(server, folder, **settings))
    installation.__dict__["recogniser"] = Deaf()
    async with AsyncExitStack() as stack:
        served = make_served(installation)
        web = TestServer(served.app)
        await web.start_server()
        stack.push_async_callback(web.close)
        place = Workplace(installation, str(web.make_url("/")).rstrip("/"))
        parts = [worker_part(installation), installation.listener.run((CHANNEL,))] if works else []
        tasks = [asyncio.create_task(part) for part in (*parts, *(part() for part in served.beside))]
        stack.push_async_callback(_stop, tasks, place)
        yield place


async def _stop(tasks: list[asyncio.Task[None]], place: Workplace) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await place.forget_jobs()
    await place.installation.close()
