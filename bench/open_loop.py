"""Traffic at a steady rate, however slow the answers are, from a thread of its own; every answer is kept."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import time

import aiohttp

_ANSWERED_WITHIN = 10.0
_MOST_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer: when it was asked for (seconds since 1970), of what, whether it failed, after how many
    seconds, and its first words."""

    at: float
    service: str
    failed: bool
    seconds: float
    body: str


@dataclass
class OpenLoop:
    """Begins `visit` so many times a second; `rate` may be changed at any time. `late` is by how many seconds
    the latest began late, `left_out` how many were not begun as too many were under way."""

    visit: Callable[[OpenLoop, int], Awaitable[None]]
    rate: float
    answers: list[Answered] = field(default_factory=list)
    late: float = 0.0
    left_out: int = 0

    async def ask(self, service: str, method: str, url: str, body: object = None) -> str | None:
        """What was answered, where it is what was asked for; kept either way. A refusal (4xx) is no failure."""
        asked, status, said = time(), 599, ""
        try:
            async with self._client.request(method, url, json=body) as answer:
                status, said = answer.status, await answer.text()
        except (aiohttp.ClientError, TimeoutError):
            pass  # counted as failed
        self.answers.append(Answered(asked, service, status >= 500, time() - asked, said[:80]))
        return said if status < 300 else None

    def between(self, service: str, since: float, until: float) -> list[Answered]:
        """The answers of a service that ended between two times. The newest ones are looked at alone."""
        found = []
        for one in reversed(self.answers):
            if one.at < since - _ANSWERED_WITHIN:
                break
            if one.service == service and since <= one.at + one.seconds < until:
                found.append(one)
        return found

    @contextmanager
    def running(self) -> Iterator[OpenLoop]:
        """The traffic, until the block ends."""
        stop = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._send(stop)))
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join()

    async def _send(self, stop: threading.Event) -> None:
        timeout = aiohttp.ClientTimeout(total=_ANSWERED_WITHIN)
        connector = aiohttp.TCPConnector(limit=0)
        under_way: set[asyncio.Task[None]] = set()
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as self._client:
            number, due = 0, time()
            while not stop.is_set():
                await asyncio.sleep(max(0.0, due - time()))
                self.late = max(self.late, time() - due)
                due += 1 / self.rate
                number += 1
                if len(under_way) >= _MOST_AT_ONCE:
                    self.left_out += 1
                    continue
                task = asyncio.ensure_future(self.visit(self, number))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            await asyncio.gather(*under_way)
