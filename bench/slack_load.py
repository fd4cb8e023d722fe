"""Signed Slack events sent to an app, and what came of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from time import monotonic, perf_counter

import aiohttp

from bench.slack_peer import LeanSlack, event, signed

PEOPLE = 600
"""So many that no channel's own rate limit is what is measured."""
WORDS = "/whoami"
STREAMS = 32

_NUMBERS = count(1)
"""One series for the whole run: an event that some app has seen is never sent again."""


@dataclass
class Load:
    """Sends events and remembers what became of them."""

    slack: LeanSlack
    url: str
    client: aiohttp.ClientSession
    numbers: Iterator[int] = field(default_factory=lambda: _NUMBERS)
    acks: list[float] = field(default_factory=list)
    sent: dict[str, float] = field(default_factory=dict)

    async def ready(self) -> None:
        """Wait until the app listens."""
        async with asyncio.timeout(120):
            while True:
                try:
                    async with self.client.post(self.url, data=b"{}"):
                        return
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.2)

    async def meet(self) -> None:
        """Everybody says something once: that asks Slack who they are."""
        for _ in range(PEOPLE // 20):
            await asyncio.gather(*(self.send() for _ in range(20)))
            await self.answered(120)
        self.forget()

    async def send(self) -> None:
        """One event. Raises RuntimeError if it is not acknowledged with 200."""
        number = next(self.numbers)
        ts, body = event(f"U{number % PEOPLE:05}", number, WORDS)
        began = perf_counter()
        async with self.client.post(self.url, data=body, headers=signed(body)) as answer:
            await answer.read()
            if answer.status != 200:
                raise RuntimeError(f"event {number} was answered with {answer.status}")
        self.acks.append((perf_counter() - began) * 1000)
        self.sent[ts] = began

    async def evenly(self, rate: float, seconds: float) -> None:
        """So many a second, whatever becomes of them."""
        start, tasks = monotonic(), []
        for number in range(round(rate * seconds)):
            await asyncio.sleep(max(0.0, start + number / rate - monotonic()))
            tasks.append(asyncio.create_task(self.send()))
        await asyncio.gather(*tasks)

    async def at_once(self, seconds: float) -> None:
        """As many as are taken, `STREAMS` at a time."""
        ends = monotonic() + seconds

        async def stream() -> None:
            while monotonic() < ends:
                await self.send()

        await asyncio.gather(*(stream() for _ in range(STREAMS)))

    async def answered(self, within: float) -> float:
        """Wait for every answer; returns when the last came. Raises TimeoutError if one is missing."""
        async with asyncio.timeout(within):
            while not self.sent.keys() <= self.slack.answered.keys():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return max(self.slack.answered[ts] for ts in self.sent)

    def forget(self) -> None:
        """Begin a new measurement."""
        self.acks.clear()
        self.sent.clear()
