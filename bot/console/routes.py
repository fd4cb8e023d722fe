"""The console's routes, each behind the checks that keep it to this machine."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.console import choosing, events, pages, posts
from bot.console.guard import Route, add_guarded
from bot.console.session import PERSONA, Session
from bot.listener import Listener

_ROUTES: tuple[Route, ...] = (
    ("GET", "/", pages.home),
    ("GET", "/console/people", choosing.people),
    ("POST", "/console/persona", choosing.speak_as),
    ("GET", "/console/in/{channel}", pages.channel),
    ("GET", "/console/in/{channel}/{thread}", pages.thread),
    ("GET", "/console/forms/{token}", pages.form),
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
