"""A department at work on a PostgreSQL of its own, which a test may end."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.bootstrap import open_installation
from bot.console.adapter import NEWS
from bot.processes import worker_part
from governance.fence import CHANNEL
from storage import embedded
from tests.scenarios.faults.outages import Shaken
from tests.workplace import Deaf, settings_of


@pytest.fixture
def own_server() -> Iterator[embedded.EmbeddedServer]:
    folder = Path(tempfile.mkdtemp(prefix="countersign-away-"))
    started = embedded.start(folder / "data")
    yield started
    started.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def shaken(own_server: embedded.EmbeddedServer, tmp_path: Path) -> AsyncIterator[Shaken]:
    """The worker and the listener run on as they are, through whatever befalls the database."""
    opened = await open_installation(settings_of(own_server, tmp_path, openai_api_key=None))
    opened.__dict__["recogniser"] = Deaf()
    parts = [
        asyncio.create_task(worker_part(opened)),
        asyncio.create_task(opened.listener.run((CHANNEL, NEWS))),
    ]
    yield Shaken(opened, own_server)
    assert not [part for part in parts if part.done()], "worker and listener recover by themselves"
    for part in parts:
        part.cancel()
    await asyncio.gather(*parts, return_exceptions=True)
    await opened.close()
