"""A target's traffic: taken in at one address, handed to the replicas that have it, and counted.

A canary gets its share request by request, drawn evenly, so that both versions are measured on the same
traffic. Where the replicas change, requests that are under way come to their end where they began (`drained`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from time import monotonic
from types import TracebackType

import aiohttp
from aiohttp import web

from integrations.deployments.vendors.local.breakers import Breaker
from integrations.deployments.vendors.local.meter import TICK_SECONDS, Meter
from integrations.deployments.vendors.local.processes import Replica

LONGEST = 16 * 1024**2
"""Bytes of what is asked and of what is answered: each stands whole in the keeper's memory."""

DRAIN_SECONDS = 10.0
"""What a replica may still take for requests that it has."""

_PART = 65_536
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding",
     "upgrade", "host", "content-length", "content-encoding"}
)  # fmt: skip
"""RFC 9110, 7.6.1; and what is written anew."""


class _Counted:
    """Counts a request when it ends, by how long it took. One that takes longer than a tick is counted then, as
    having taken that long and not failed: a version that hangs is not one that nothing is known of."""

    def __init__(self, meter: Meter, *, canary: bool) -> None:
        self._meter, self._canary, self.failed, self._is_counted = meter, canary, False, False

    def __enter__(self) -> _Counted:
        self._began = monotonic()
        self._late = asyncio.get_running_loop().call_later(TICK_SECONDS, self._count, False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._late.cancel()
        if kind is None:
            self._count(self.failed)

    def _count(self, failed: bool) -> None:
        if not self._is_counted:
            self._is_counted = True
            self._meter.count(canary=self._canary, failed=failed, seconds=monotonic() - self._began)


@dataclass(slots=True)
class Counts:
    """Requests since the proxy began: all that were answered, those that failed (a server's error, or one of
    ours), and of these the `lost`, which no replica answered."""

    requests: int = 0
    failed: int = 0
    lost: int = 0

    def since(self, before: Counts) -> dict[str, int]:
        """What came after `before`, as JSON values."""
        return {name: getattr(self, name) - getattr(before, name) for name in ("requests", "failed", "lost")}


class Proxy:
    """One target's way in; `used` is when something came in last, by the monotonic clock."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self._client = client
        self.meter = Meter()
        self.counts = Counts()
        self.wake: Callable[[], Awaitable[None]] | None = None
        self.breaker: Breaker | None = None
        self._replicas: Sequence[Replica] = ()
        self._canary: Sequence[Replica] = ()
        self._share = 0.0
        self._draw = Random()
        self._next = count()
        self._under_way: dict[int, int] = {}
        self._runner: web.AppRunner | None = None
        self.address = ""
        self.used = monotonic()

    async def open(self, port: int) -> int:
        """Listen on this machine: at `port`, or at a free one where that is taken or 0. Returns the port.
        Raises OSError."""
        app = web.Application(client_max_size=LONGEST)
        app.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            site = web.TCPSite(self._runner, "127.0.0.1", port)
            await site.start()
        except OSError:
            site = web.TCPSite(self._runner, "127.0.0.1", 0)
            await site.start()
        if not self._runner.addresses:  # no socket may be opened any more
            await self._runner.cleanup()
            raise OSError("no port of this machine can be listened at")
        listening = self._runner.addresses[0]
        self.address = f"http://127.0.0.1:{listening[1]}"
        return int(listening[1])

    def give_to(self, replicas: Sequence[Replica], canary: Sequence[Replica] = (), share: float = 0.0) -> None:
        """From now on these have all traffic that comes in, but for the `share` (0 to 1) of it that is a
        canary's."""
        self._replicas, self._canary, self._share = tuple(replicas), tuple(canary), share

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
        self.used = monotonic()
        # A path alone is joined to a replica's address: another form of target (RFC 9112, 3.2) names a host.
        if request.method == "CONNECT" or not request.raw_path.startswith("/"):
            return web.Response(status=400, text="A service is asked for a path of its own.\n")
        if self.breaker is None:
            return await self._admit(request)
        return await self.breaker.take(request, self._admit)

    async def _admit(self, request: web.Request) -> web.StreamResponse:
        is_canarys = self._share > 0 and self._draw.random() < self._share
        alive = [one for one in (self._canary if is_canarys else self._replicas) if one.is_alive]
        if is_canarys and not alive:  # it ended: nobody's request waits for that to be noticed
            is_canarys, alive = False, [one for one in self._replicas if one.is_alive]
        if not alive and self.wake is not None:  # what nobody has asked for yet is started now
            await self.wake()
            alive = [one for one in self._replicas if one.is_alive]
        with _Counted(self.meter, canary=is_canarys) as counted:
            answer = await self._answer(request, alive)
            counted.failed = answer.status >= 500
        self.counts.requests += 1
        self.counts.failed += counted.failed
        return answer

    async def _answer(self, request: web.Request, replicas: Sequence[Replica]) -> web.Response:
        if not replicas:
            self.counts.lost += 1
            return web.Response(status=503, text="Nothing runs here.\n")
        replica = replicas[next(self._next) % len(replicas)]
        self._under_way[replica.port] = self._under_way.get(replica.port, 0) + 1
        try:
            return await self._hand_on(request, replica)
        except (aiohttp.ClientError, TimeoutError) as away:
            self.counts.lost += 1
            return web.Response(status=502, text=f"The service did not answer ({type(away).__name__}).\n")
        finally:
            self._under_way[replica.port] -= 1

    async def _hand_on(self, request: web.Request, replica: Replica) -> web.Response:
        headers = _handed_on(request.headers)
        async with self._client.request(
            request.method,
            f"{replica.address}{request.raw_path}",
            headers=headers,
            data=await request.read(),
            allow_redirects=False,
        ) as answer:
            body = bytearray()
            async for part in answer.content.iter_chunked(_PART):
                body += part
                if len(body) > LONGEST:
                    return web.Response(status=502, text="The service's answer is too long.\n")
            return web.Response(status=answer.status, body=bytes(body), headers=_handed_on(answer.headers))


def _handed_on(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """All but those of one connection; what stands twice, as two cookies do, goes on twice."""
    return [(name, value) for name, value in headers.items() if name.lower() not in _HOP_BY_HOP]
