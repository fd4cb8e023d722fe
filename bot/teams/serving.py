"""The address that Teams calls, open from the start: what answers there takes most of a second to load, and is
loaded beside everything else. Whoever calls meanwhile waits that long."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from bot.teams.endpoint import Endpoint


PATH = "/teams/messages"


def add_teams(app: web.Application, make: Callable[[], Endpoint]) -> None:
    """Serve Teams. `make` is called once its library is there."""
    lazy = _LazyEndpoint(make)
    app.router.add_post(PATH, lazy.messages)
    app.cleanup_ctx.append(lazy.opening)


class _LazyEndpoint:
    def __init__(self, make: Callable[[], Endpoint]) -> None:
        self._make = make

    async def opening(self, _app: web.Application) -> AsyncIterator[None]:
        """Load from the start on, and fetch the keys that prove who calls."""
        self._endpoint = asyncio.create_task(self._load())
        warming = asyncio.create_task(self._warm())
        yield
        warming.cancel()
        self._endpoint.cancel()

    async def messages(self, request: web.Request) -> web.Response:
        """What the endpoint answers."""
        endpoint = await asyncio.shield(self._endpoint)
        return await endpoint.messages(request)

    async def _load(self) -> Endpoint:
        await asyncio.to_thread(importlib.import_module, "bot.teams.application")
        return self._make()

    async def _warm(self) -> None:
        endpoint = await asyncio.shield(self._endpoint)
        await endpoint.warm()
