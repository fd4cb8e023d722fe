"""Parts of a process: told to stop, they stop, whatever they are at."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg_pool.pool_async
import pytest

from bot.database import DatabaseUrls
from bot.department import Installation
from bot.processes import worker_part
from storage.embedded import EmbeddedServer
from tests.workplace import Deaf, settings_of


async def test_a_worker_that_is_stopped_the_moment_its_connections_are_there_stops(
    server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = Installation(settings_of(server, tmp_path), DatabaseUrls(server.app_url, None))
    installation.__dict__["recogniser"] = Deaf()
    starting = asyncio.create_task(worker_part(installation))
    stopped = []

    class StoppedThen(psycopg_pool.pool_async.AEvent):
        """What the pool waits for until it is full."""

        def set(self) -> None:
            super().set()
            stopped.append(starting.cancel())

    monkeypatch.setattr(psycopg_pool.pool_async, "AEvent", StoppedThen)
    ended, _ = await asyncio.wait({starting}, timeout=20)
    assert stopped[0]
    assert ended, "the worker goes on, though it was told to stop"
    assert starting.cancelled()
    await installation.close()
