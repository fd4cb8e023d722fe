"""The console's pages: channels, threads and forms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from bot.console.adapter import direct_channel
from bot.console.frame import page
from bot.console.messages import PAGE, thread_messages, threads, working_threads
from bot.console.presses import NoSuchButton, button_for
from bot.console.reading import Reading
from bot.console.render import render
from bot.console.residents import ConsoleChannel
from bot.console.suggestions import suggestions_for
from bot.console.visit import Visit, visit
from bot.wire import form_from_json
from governance.places import Audience


async def home(request: web.Request) -> web.Response:
    """The reader's direct messages."""
    async with visit(request) as visiting:
        return await _channel_page(request, visiting, direct_channel(visiting.reader.person.id))


async def channel(request: web.Request) -> web.Response:
    """A channel, with `?thread=` open beside it; `?before=` shows what is further back."""
    async with visit(request) as visiting:
        return await _channel_page(request, visiting, request.match_info["channel"])


async def thread(request: web.Request) -> web.Response:
    """One thread, to be put beside the channel."""
    async with visit(request) as visiting:
        place = visiting.channel(request.match_info["channel"])
        pane = await _pane(visiting, place, request.match_info["thread"])
        if pane is None:
            raise web.HTTPNotFound(text="There is no such thread.")
        html = render("pane.html", pane=pane, channel=place, title=_title(place), zone=visiting.zone)
        return web.Response(text=html, content_type="text/html")


async def form(request: web.Request) -> web.Response:
    """The form that a button opens."""
    async with visit(request) as visiting:
        try:
            button, _ = await button_for(visiting, request.match_info["token"])
        except NoSuchButton as missing:
            raise web.HTTPNotFound(text="This button is gone.") from missing
    if button.form is None:
        raise web.HTTPNotFound(text="This button opens no form.")
    html = render("dialog.html", form=form_from_json(button.form), token=button.token)
    return web.Response(text=html, content_type="text/html")


async def _channel_page(request: web.Request, visiting: Visit, name: str) -> web.Response:
    since = datetime.now(UTC)
    place = visiting.channel(name)
    found = await threads(visiting.tx, place.name, before=_number(request.query.get("before")))
    opened = request.query.get("thread")
    reading = Reading(visiting)
    return await page(
        request,
        visiting,
        "chat.html",
        here=place.name,
        channel=place,
        title=_title(place),
        since=since.isoformat(),
        threads=[await reading.thread(item) for item in found],
        more=len(found) == PAGE,
        suggestions=suggestions_for(visiting.reader.person),
        pane=await _pane(visiting, place, opened) if opened else None,
    )


async def _pane(visiting: Visit, place: ConsoleChannel, name: str) -> dict[str, Any] | None:
    rows = await thread_messages(visiting.tx, place.name, name)
    if not rows:
        return None
    working = await working_threads(visiting.tx, [place.name])
    reading = Reading(visiting)
    return {
        "thread": name,
        "messages": [await reading.message(row) for row in rows],
        "is_working": (place.name, name) in working,
    }


def _title(place: ConsoleChannel) -> str:
    return "Countersign" if place.audience is Audience.DIRECT else place.name


def _number(written: str | None) -> int | None:
    if written is None:
        return None
    if not written.isascii() or not written.isdigit() or len(written) > 18:
        raise web.HTTPBadRequest(text="`before` is the number of a message.")
    return int(written)
