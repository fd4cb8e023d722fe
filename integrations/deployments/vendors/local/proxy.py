"""A target's traffic: taken in at one address, handed to the replicas that have it.

Where the replicas change, requests that are under way come to their end where they began (`drained`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import count
from time import time

import aiohttp
from aiohttp import web

from integrations.deployments.vendors.local.processes import Replica

DRAIN_SECONDS = 10.0
"""What a replica may still take for requests that it has."""

_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding",
     "upgrade", "host", "content-length", "content-encoding"}
)  # fmt: skip
"""RFC 9110, 7.6.1; and what is written anew."""


class Proxy:
    """One target's way in; `used` is when something came in last, in seconds since 1970."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self._client = client
        self._replicas: Sequence[Replica] = ()
        self._next = count()
        self._under_way: dict[int, int] = {}
        self._runner: web.AppRunner | None = None
        self.address = ""
        self.used = time()

    async def open(self, port: int) -> int:
        """Listen on this machine: at `port`, or at a free one where that is taken or 0. Returns the port."""
        app = web.Application(client_max_size=16 * 1024**2)
        app.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            site = web.TCPSite(self._runner, "127.0.0.1", port)
            await site.start()
        except OSError:
            site = web.TCPSite(self._runner, "127.0.0.1", 0)
            await site.start()
        (listening, *_) = self._runner.addresses
        self.address = f"http://127.0.0.1:{listening[1]}"
        return int(listening[1])

    def give_to(self, replicas: Sequence[Replica]) -> None:
        """From now on these have all traffic that comes in."""
        self._replicas = tuple(replicas)

    async def drained(self, replicas: Sequence[Replica]) -> None:
        """Wait until these have nothing under way any more, or their time for it is over."""
        ports = {one.port for one in replicas}
        ends = asyncio.get_running_loop().time() + DRAIN_SECONDS
        # Few are ever under way, and once a deployment: looking is simpler than being told.
        while any(map(self._under_way.get, ports)) and asyncio.get_running_loop().time() < ends:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        self.used = time()
        replicas = [one for one in self._replicas if one.is_alive]
        if not replicas:
            return web.Response(status=503, text="Nothing runs here.\n")
        replica = replicas[next(self._next) % len(replicas)]
        self._under_way[replica.port] = self._under_way.get(replica.port, 0) + 1
        try:
            return await self._hand_on(request, replica)
        except aiohttp.ClientError as away:
            return web.Response(status=502, text=f"The service did not answer ({type(away).__name__}).\n")
        finally:
            self._under_way[replica.port] -= 1

    async def _hand_on(self, request: web.Request, replica: Replica) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        async with self._client.request(
            request.method,
            f"{replica.address}{request.raw_path}",
            headers=headers,
            data=await request.read(),
            allow_redirects=False,
        ) as answer:
            body = await answer.read()
            back = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
            return web.Response(status=answer.status, body=body, headers=back)
