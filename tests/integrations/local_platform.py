"""The embedded platform in tests: its keeper and its services as processes, found and waited for."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import httpx

from integrations.deployments import Status
from tests.integrations.deployments_contract import ORDERS as ORDERS
from tests.integrations.deployments_contract import deploy as deploy
from tests.integrations.deployments_contract import grant as grant


def keepers(folder: Path) -> list[int]:
    """The keepers of this folder, by their process ids."""
    return [pid for pid in processes_with(str(folder)) if b"vendors.local.keeper" in _command(pid)]


def processes_with(words: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and words.encode() in _command(int(entry.name)) + _folder(int(entry.name)):
            found.append(int(entry.name))
    return found


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _folder(pid: int) -> bytes:
    with suppress(OSError):
        return os.readlink(f"/proc/{pid}/cwd").encode()
    return b""


async def gone(pid: int) -> None:
    async with asyncio.timeout(60):
        while _command(pid):  # noqa: ASYNC110 — a process of somebody else’s tells nobody
            await asyncio.sleep(0.05)


async def served(status: Status, path: str = "/") -> str:
    assert status.address is not None
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{status.address}{path}")).text
