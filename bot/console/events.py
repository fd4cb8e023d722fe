"""Server-sent events: new and edited messages, and where a turn is under way.

A notification only wakes; what is sent is what the database says has changed. So nothing is missed when
a notification is lost, nor while the browser was away: it comes back with the time of the last event.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from sqlalchemy import func, select

from bot.console.adapter import NEWS
from bot.console.messages import changed_since, newest_numbers, thread_summary, working_threads
from bot.console.reading import Reading
from bot.console.render import Shown, ShownThread, template_module
from bot.console.visit import NobodyKnown, Visit, visit
from bot.listener import Listener
from bot.tables import ConsoleMessageRow


class Fragments:
    """Messages as one reader sees them, in their time zone."""

    def __init__(self, zone: str) -> None:
        self._templates: Any = template_module("messages.html", zone=zone)

    def message(self, message: Shown) -> str:
        """One message, as it stands in a thread."""
        return str(self._templates.message(message))

    def thread(self, thread: ShownThread) -> str:
        """A thread, as its channel lists it."""
        return str(self._templates.thread(thread))


CLOSING: web.AppKey[asyncio.Event] = web.AppKey("console_closing", asyncio.Event)
"""Set when the server ends, so that open streams end with it and none begins."""

LISTENER: web.AppKey[Listener] = web.AppKey("listener", Listener)
"""What wakes the streams."""

_WHILE_WORKING = 0.5
_WHILE_QUIET = 5.0
_OVERLAP = timedelta(seconds=30)
"""A message's time is when its transaction began; one that takes longer to commit would be missed."""


async def events(request: web.Request) -> web.StreamResponse:
    """The stream of a page, from `?since=` on, or from where the browser lost it."""
    async with visit(request):
        feed = Feed(request, _since(request))
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    await response.prepare(request)
    closing = request.app[CLOSING]
    with suppress(ConnectionResetError, NobodyKnown):
        await response.write(b"retry: 1000\n\n")
        async with request.app[LISTENER].subscribe(NEWS) as wakes:
            while not closing.is_set():
                async for event in feed.news():
                    await response.write(event)
                await _woken(wakes, closing, _WHILE_WORKING if feed.is_working else _WHILE_QUIET)
                await response.write(b": here\n\n")
    return response


async def end_streams(app: web.Application) -> None:
    """Signal handler for `on_shutdown`."""
    app[CLOSING].set()


class Feed:
    """What a reader has not been sent yet."""

    def __init__(self, request: web.Request, since: datetime) -> None:
        self._request = request
        self._since = since
        self._sent: dict[str, str] = {}
        self._working: frozenset[tuple[str, str]] | None = None

    @property
    def is_working(self) -> bool:
        """Whether a turn was under way somewhere that the reader sees."""
        return bool(self._working)

    async def news(self) -> AsyncIterator[bytes]:
        """Events for what changed since the last call. Raises NobodyKnown once the reader has left."""
        async with visit(self._request) as visiting:
            now = (await visiting.tx.execute(select(func.now()))).scalar_one()
            channels = [channel.name for channel in visiting.residents.channels_of(visiting.reader.person)]
            rows = await changed_since(visiting.tx, channels, self._since - _OVERLAP)
            sent = {row.id: (row.edited or row.created).isoformat() for row in rows}
            news = [row for row in rows if self._sent.get(row.id) != sent[row.id]]
            reading = Reading(visiting)
            messages = [await _message_event(visiting, reading, row) for row in news]
            working = await working_threads(visiting.tx, channels)
            newest = await newest_numbers(visiting.tx, channels, visiting.reader.identity) if news else {}
        self._since, self._sent = now, sent
        for message in messages:
            yield _event("message", message, now)
        if newest:
            yield _event("newest", newest, now)
        if working != self._working:
            self._working = working
            yield _event("working", sorted(working), now)


async def _message_event(visiting: Visit, reading: Reading, row: ConsoleMessageRow) -> dict[str, Any]:
    fragments = Fragments(visiting.zone)
    message = await reading.message(row)
    listed = await reading.thread(await thread_summary(visiting.tx, row.channel, row.thread))
    return {
        "id": message.id,
        "channel": message.channel,
        "thread": message.thread,
        "version": message.version,
        "mine": message.is_mine,
        "author": message.author.name,
        "text": message.text,
        "edited": message.edited is not None,
        "html": fragments.message(message),
        "listed": fragments.thread(listed),
    }


def _event(name: str, data: object, at: datetime) -> bytes:
    return f"event: {name}\nid: {at.isoformat()}\ndata: {json.dumps(data)}\n\n".encode()


async def _woken(wakes: asyncio.Queue[str], closing: asyncio.Event, seconds: float) -> None:
    waiting = {asyncio.create_task(wakes.get()), asyncio.create_task(closing.wait())}
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
    while not wakes.empty():
        wakes.get_nowait()


def _since(request: web.Request) -> datetime:
    written = request.headers.get("Last-Event-ID") or request.query.get("since")
    if written is None:
        return datetime.now(UTC)
    try:
        since = datetime.fromisoformat(written.replace(" ", "+")).astimezone(UTC)
    except (ValueError, OverflowError) as wrong:
        raise web.HTTPBadRequest(text="`since` is a time such as 2026-11-23T09:00:00+00:00.") from wrong
    # However long the browser was away, a page that is older than a day is loaded anew, not patched.
    return max(since, datetime.now(UTC) - timedelta(days=1))
