"""The console's pages: channels, threads and what to say first; and the addresses of all of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from bot.console import events, personas, posts
from bot.console.adapter import direct_channel
from bot.console.frame import page
from bot.console.messages import PAGE, thread_messages, threads, working_threads
from bot.console.personas import PERSONA, Session
from bot.console.posts import NoSuchButton, button_for
from bot.console.protection import Route, add_guarded
from bot.console.reading import Reading
from bot.console.render import render
from bot.console.residents import ConsoleChannel
from bot.console.visit import Visit, visit
from bot.listener import Listener
from bot.wire import form_from_json
from governance.people import Person, Role
from governance.places import Audience

_BY_ROLE: dict[Role, tuple[str, ...]] = {
    Role.PRODUCT_OWNER: (
        "Build the customer dashboard feature from PRD-2025-Q1-Dashboard",
        "What waits for my approval?",
        "Add query optimization to the backlog as P1",
        "Who may approve a plan?",
    ),
    Role.ENGINEERING_DIRECTOR: (
        "What is going on right now?",
        "What waits for my approval?",
        "Who can approve production deployments?",
        "Priya decides for me until Friday",
        "Stop all agents now",
    ),
    Role.COMPLIANCE_OFFICER: (
        "Show me the last audit entries",
        "Verify the audit log",
        "Freeze all deployments",
        "Show me the authority matrix",
    ),
    Role.CUSTOMER_SUCCESS: (
        "What's the status of the SSO integration?",
        "What can you do for me?",
        "Can we prioritize the performance improvements?",
        "Send me a daily summary at 9",
    ),
    Role.SRE_LEAD: (
        "What is going on right now?",
        "Who can approve production deployments?",
        "Freeze deployments of the orders service",
        "Open an incident window for two hours",
    ),
}

_EVERYBODY = ("What can you do for me?", "Who am I here?", "What is going on right now?")


def suggestions_for(person: Person) -> tuple[str, ...]:
    """Example sentences for this person, for the first of their roles that has any."""
    for role, sentences in _BY_ROLE.items():
        if person.holds(role):
            return sentences
    return _EVERYBODY


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


_ROUTES: tuple[Route, ...] = (
    ("GET", "/", home),
    ("GET", "/console/people", personas.people),
    ("POST", "/console/persona", personas.speak_as),
    ("GET", "/console/in/{channel}", channel),
    ("GET", "/console/in/{channel}/{thread}", thread),
    ("GET", "/console/forms/{token}", form),
    ("GET", "/console/events", events.events),
    ("POST", "/console/say", posts.post_say),
    ("POST", "/console/click", posts.post_click),
)


def add_console(app: web.Application, session: Session, listener: Listener) -> None:
    """Serve the chat from `app`, beside the dashboard. `demand_local` must have been asked first."""
    app[PERSONA] = session
    app[events.LISTENER] = listener
    app[events.CLOSING] = asyncio.Event()
    app.on_shutdown.append(events.end_streams)
    add_guarded(app, _ROUTES)
