"""The embedded platform in tests: its keeper and its services as processes, found and waited for."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx

from governance.action import Grant
from integrations.deployments import (
    Stage,
    Status,
    Target,
)
from integrations.deployments.vendors.local.client import LocalDeployments

ORDERS = Target("orders", Stage.STAGING)


def grant(name: str) -> Grant:
    return Grant(name, "t", f"ef_{name}", "", 0, datetime.now(UTC))


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
    async with asyncio.timeout(20):
        while _command(pid):  # noqa: ASYNC110 — a process of somebody else’s tells nobody
            await asyncio.sleep(0.05)


async def deploy(platform: LocalDeployments, version: str, name: str, replicas: int = 1) -> Status:
    release = await platform.release("orders", version)
    standing = (await platform.status(ORDERS)).stable
    before = standing.version if standing else None
    return await platform.deploy(grant(name), ORDERS, version, release.digest, replicas, before=before)


async def served(status: Status, path: str = "/") -> str:
    assert status.address is not None
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{status.address}{path}")).text
