"""What runs in processes of their own: a second web server, and posting from the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from multiprocessing.synchronize import Barrier

from sqlalchemy import text

from bot import outbox
from bot.bootstrap import open_installation
from bot.department import Installation
from bot.processes import run_until_stopped
from bot.serving import web_part
from bot.settings import Settings


def serve(settings: Settings) -> None:
    """Serve the web alone, at the port that the settings name, until killed."""
    asyncio.run(_serve(settings))


def post(settings: Settings, threads: Sequence[str], start: Barrier) -> None:
    """Post what waits in these threads, all at once, when everybody is at the start; until it is out."""
    asyncio.run(_post(settings, threads, start))


async def _serve(settings: Settings) -> None:
    installation = await open_installation(settings)
    await run_until_stopped(installation, web_part(installation))


async def _post(settings: Settings, threads: Sequence[str], start: Barrier) -> None:
    installation = await open_installation(settings)
    assert installation.slack is not None
    await installation.slack.installed()
    await asyncio.to_thread(start.wait)
    async with asyncio.TaskGroup() as group:
        for thread in threads:
            group.create_task(_until_out(installation, thread))
    await installation.close()


async def _until_out(installation: Installation, thread: str) -> None:
    waits = text("SELECT id FROM outbox WHERE state = 'waiting' AND thread = :thread")
    tenant = installation.settings.tenant
    while True:
        await outbox.post_thread(installation.database, tenant, thread, installation.adapters)
        async with installation.database.transaction(tenant) as tx:
            if (await tx.execute(waits, {"thread": thread})).first() is None:
                return
        await asyncio.sleep(0.2)
