"""A service outside that takes effects, and can fail in every way: a process of its own, spoken to over HTTP.

It counts every effect that arrives under each idempotency key and swallows none, so that a key which
comes twice is seen twice. How it behaves travels with the request (`mode`):

| mode        | what it does                                                    |
|-------------|-----------------------------------------------------------------|
| ok          | does it and says so                                             |
| refuse      | does nothing and says so (409)                                  |
| slow        | does it, answers after `seconds`                                |
| hang        | does it, never answers                                          |
| error       | does it, answers 500                                            |
| drop        | does it, closes the connection without an answer                |
| lost        | does nothing, closes the connection without an answer           |
| cannot_tell | does it, closes the connection, and later cannot say whether it did |
| vanish      | does it, never answers, and later cannot say whether it did      |
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter

import httpx
from aiohttp import web

DONE = web.AppKey("done", Counter[str])
UNTELLABLE = web.AppKey("untellable", set[str])


async def _effect(request: web.Request) -> web.Response:
    body = await request.json()
    key, mode = body["key"], body["mode"]
    if mode == "refuse":
        return web.json_response({"error": "this is not possible here"}, status=409)
    if mode != "lost":
        request.app[DONE][key] += 1
    if mode in ("cannot_tell", "vanish"):
        request.app[UNTELLABLE].add(key)
    match mode:
        case "slow":
            await asyncio.sleep(body["seconds"])
        case "hang" | "vanish":
            await asyncio.Event().wait()
        case "error":
            raise web.HTTPInternalServerError
        case "drop" | "lost" | "cannot_tell":
            assert request.transport is not None
            request.transport.close()
    return web.json_response({"reference": f"done-{key}"})


async def _asked(request: web.Request) -> web.Response:
    key = request.match_info["key"]
    if key in request.app[UNTELLABLE]:
        return web.json_response({"state": "cannot tell"})
    return web.json_response({"state": "done" if request.app[DONE][key] else "never arrived"})


async def _count(request: web.Request) -> web.Response:
    return web.json_response(request.app[DONE])


async def serve() -> None:
    """Serve on a free port of this machine, print it, and go on until killed."""
    app = web.Application()
    app[DONE], app[UNTELLABLE] = Counter(), set()
    app.add_routes(
        [web.post("/effects", _effect), web.get("/effects/{key}", _asked), web.get("/effects", _count)]
    )
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


class Edge:
    """A client of the service at `url`, for those who perform effects and those who count them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.AsyncClient(base_url=url, timeout=10.0)

    async def do(self, key: str, mode: str, seconds: float) -> httpx.Response:
        """Ask for one effect. Raises httpx.TransportError when no answer comes."""
        return await self._http.post("/effects", json={"key": key, "mode": mode, "seconds": seconds})

    async def ask(self, key: str) -> str:
        """`done`, `never arrived` or `cannot tell`."""
        answer = (await self._http.get(f"/effects/{key}")).raise_for_status()
        return str(answer.json()["state"])

    async def done(self) -> dict[str, int]:
        """How often something was done, by idempotency key."""
        return dict((await self._http.get("/effects")).raise_for_status().json())


if __name__ == "__main__":
    asyncio.run(serve())
