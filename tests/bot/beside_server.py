"""A server that hears commands, and commands beside it, for the tests of both."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot import command_protocol
from bot.command_protocol import Line, installation_of, socket_file
from bot.command_server import command_part
from bot.settings import Settings
from storage.embedded import EmbeddedServer
from tests.workplace import Workplace, at_work

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A var folder that any user can look into: pytest's own are closed to others."""
    made = Path(tempfile.mkdtemp(prefix="countersign-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@asynccontextmanager
async def listening_for_commands(
    place: Workplace, *, has_worker: bool = True
) -> AsyncIterator[asyncio.Task[None]]:
    path = socket_file(place.installation.settings.var_folder)
    task = asyncio.create_task(command_part(place.installation, has_worker=has_worker))
    await until(lambda: is_open(path), 10)
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def idle_place(server: EmbeddedServer, folder: Path) -> AsyncIterator[Workplace]:
    """One that hears commands and has nobody who does them."""
    async with at_work(server, folder, works=False) as workplace, listening_for_commands(workplace):
        yield workplace


@pytest.fixture
async def place(server: EmbeddedServer, folder: Path) -> AsyncIterator[Workplace]:
    async with at_work(server, folder) as workplace, listening_for_commands(workplace):
        yield workplace


def environment_of(settings: Settings, **more: str) -> dict[str, str]:
    told = {
        "DATABASE_URL": settings.database_url or "",
        "DATABASE_OWNER_URL": settings.database_owner_url or "",
        "VAR_FOLDER": str(settings.var_folder),
        "TENANT": settings.tenant,
        "LOG_LEVEL": "error",
    }
    return os.environ | told | more


def run_command(settings: Settings, *argv: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot", *argv]
    environment = environment_of(settings, **more)
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


def request_of(settings: Settings, **changed: Any) -> dict[str, Any]:
    told = settings.database_url, settings.var_folder, settings.tenant, settings.department
    asked = {"do": "ask", "person": "david", "channel": None, "thread": None, "text": "/whoami"}
    return {"installation": installation_of(*told), "key": str(uuid.uuid4()), **asked, **changed}


def ask_the_server(settings: Settings, **changed: Any) -> dict[str, Any]:
    line = Line(settings.var_folder)
    try:
        line.ask(request_of(settings, **changed))
        return line.answer()
    finally:
        line.close()


async def asked(place: Workplace, **changed: Any) -> dict[str, Any]:
    return await asyncio.to_thread(ask_the_server, place.installation.settings, **changed)


def is_open(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as trying, command_protocol.address_of(path) as address:
        return trying.connect_ex(address) == 0


async def until(is_so: Callable[[], bool], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
