"""Servers that are put under load, and looks at a run of the local generator."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path as FilePath
from typing import Any

from aiohttp import web

from integrations.load import (
    Load,
    Plan,
    Progress,
    Stage,
    State,
)
from tests.integrations.local_platform import processes_with

LOOPBACK = ("127.0.0.1",)
PATIENT = 10.0
"""A limit of lateness for tests of other things, on whatever machine."""


class Service:
    """What was asked of a server, and what it does with it: `answer` may wait, and returns a status."""

    def __init__(self, answer: Callable[[int], Any]) -> None:
        self.paths: list[str] = []
        self._answer, self.address = answer, ""

    async def take(self, request: web.Request) -> web.Response:
        self.paths.append(request.path_qs)
        return web.Response(status=await self._answer(len(self.paths)), headers={"Location": "/elsewhere"})


@asynccontextmanager
async def serving(answer: Callable[[int], Any]) -> AsyncIterator[Service]:
    service = Service(answer)
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", service.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    service.address = f"http://127.0.0.1:{port}"
    yield service
    await runner.cleanup()


async def at_once(_number: int) -> int:
    return 200


async def never(_number: int) -> int:
    await asyncio.sleep(3_600)
    return 200


def generators(folder: FilePath) -> list[int]:
    return [pid for pid in processes_with(str(folder)) if pid != os.getpid()]


def plan(address: str, *stages: tuple[float, float], **given: Any) -> Plan:
    return Plan(address, tuple(Stage(*one) for one in stages), **({"lateness_limit": PATIENT} | given))


async def when(load: Load, run: str, holds: Callable[[Progress], bool]) -> Progress:
    async with asyncio.timeout(60):
        while not holds(found := await load.progress(run)):  # noqa: ASYNC110 — another process tells nobody
            await asyncio.sleep(0.02)
    return found


async def ended(load: Load, run: str) -> Progress:
    return await when(load, run, lambda found: found.state is not State.RUNNING)


def total(found: Progress, what: str) -> int:
    return sum(getattr(one, what) for one in found.seconds)
