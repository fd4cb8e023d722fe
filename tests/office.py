"""The sample department at work on chat platforms: fakes at one end, all of Countersign at the other."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestServer
from sqlalchemy import text

from bot.department import Installation
from bot.opening import open_installation
from bot.processes import worker_part
from bot.serving import make_served
from bot.settings import Settings
from governance.fence import CHANNEL
from handlers.recognise.recognition import Recognition
from storage.embedded import EmbeddedServer
from tests.fakes.slack import FakeSlack


class Deaf:
    """No sentence model: what is asked for is said exactly; decisions are read all the same."""

    def start(self) -> None:
        """Nothing to load."""

    def begin(self, text: str) -> None:
        """Nothing to work out ahead."""

    async def recognise(self, text: str) -> Recognition:
        return Recognition(None, 0.0, ())


@dataclass(frozen=True)
class Office:
    """A department at work in Slack."""

    slack: FakeSlack
    installation: Installation
    address: str
    """Where the web server listens."""

    @property
    def tenant(self) -> str:
        return self.installation.settings.tenant

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


OpenOffice = Callable[..., Awaitable[Office]]


def office_settings(server: EmbeddedServer, folder: Path, slack: FakeSlack, **settings: Any) -> Settings:
    """The settings of a department that speaks on this Slack, a company of its own."""
    installed = [one for one in slack.state.installations if not one.is_removed]
    own = slack.settings() if installed else slack.settings_to_install()
    told = {name.lower(): value for name, value in own.items()} | settings
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=server.app_url,
        database_owner_url=server.owner_url,
        var_folder=folder,
        **{"tenant": f"sl{uuid.uuid4().hex[:10]}", "log_level": "error", **told},
    )


@asynccontextmanager
async def offices(server: EmbeddedServer, folder: Path) -> AsyncIterator[OpenOffice]:
    """A function that opens an office; all of them close when the block ends."""
    async with AsyncExitStack() as stack:

        async def open_office(slack: FakeSlack | None = None, **settings: Any) -> Office:
            workspace = slack or await stack.enter_async_context(await FakeSlack.start())
            installation = await open_installation(office_settings(server, folder, workspace, **settings))
            installation.__dict__["recogniser"] = Deaf()
            served = make_served(installation)
            web = TestServer(served.app)
            await web.start_server()
            stack.push_async_callback(web.close)
            workspace.events_url = str(web.make_url("/slack/events"))
            parts = [worker_part(installation), installation.listener.run((CHANNEL,))]
            tasks = [asyncio.create_task(part) for part in (*parts, *(part() for part in served.beside))]
            stack.push_async_callback(_stop, tasks, installation)
            return Office(workspace, installation, str(web.make_url("/")).rstrip("/"))

        yield open_office


async def _stop(tasks: list[asyncio.Task[None]], installation: Installation) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await installation.close()
