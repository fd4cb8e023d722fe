"""One LISTEN connection a process, shared by everything in it that waits for news."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg
import psycopg.sql

from storage.outage import Outage


class Listener:
    """Wakes subscribers when PostgreSQL notifies a channel.

    News may be lost while the connection is down; whoever must not miss anything also polls.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._subscribers: dict[str, set[asyncio.Queue[str]]] = defaultdict(set)
        self._outage = Outage("listener")

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[asyncio.Queue[str]]:
        """A queue that receives each notification's payload on `channel` while the block runs."""
        queue: asyncio.Queue[str] = asyncio.Queue(maxsize=1000)
        self._subscribers[channel].add(queue)
        try:
            yield queue
        finally:
            self._subscribers[channel].discard(queue)

    async def run(self, channels: tuple[str, ...]) -> None:
        """Listen on `channels` until cancelled, connecting anew whenever the connection is lost."""
        while True:
            try:
                await self._listen(channels)
            except psycopg.Error as lost:
                self._outage.begins(lost)
            await asyncio.sleep(0.5)

    async def _listen(self, channels: tuple[str, ...]) -> None:
        connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
        async with connection:
            for channel in channels:
                await connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
            self._outage.ends()
            async for notification in connection.notifies():
                for queue in self._subscribers[notification.channel]:
                    # A subscriber that stopped reading polls anyway; others must not wait for it.
                    with suppress(asyncio.QueueFull):
                        queue.put_nowait(notification.payload)
