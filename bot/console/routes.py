"""The console's routes, each behind the checks that keep it to this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.console import events, pages, posts
from bot.console.dashboard import pages as dashboard
from bot.console.dashboard.verifying import TRAIL, AuditTrail, verify_log
from bot.console.frame import STATIC
from bot.console.protection import protect, refuse_strangers
from bot.console.visit import CONSOLE, Console, NobodyChosen

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/", pages.home),
    ("GET", "/console/people", pages.people),
    ("POST", "/console/persona", pages.speak_as),
    ("GET", "/console/in/{channel}", pages.channel),
    ("GET", "/console/in/{channel}/{thread}", pages.thread),
    ("GET", "/console/files/{file}", pages.file),
    ("GET", "/console/forms/{token}", pages.form),
    ("GET", "/console/events", events.events),
    ("POST", "/console/say", posts.post_say),
    ("POST", "/console/click", posts.post_click),
    ("GET", "/dashboard", dashboard.home),
    ("GET", "/dashboard/approvals", dashboard.approvals),
    ("GET", "/dashboard/plans", dashboard.plans),
    ("GET", "/dashboard/plans/{plan}", dashboard.plan),
    ("GET", "/dashboard/overrides", dashboard.overrides),
    ("GET", "/dashboard/audit", dashboard.audit),
    ("POST", "/dashboard/audit/verify", verify_log),
    ("GET", "/dashboard/audit/{entry}", dashboard.entry),
)


def add_console(app: web.Application, console: Console, trail: AuditTrail) -> None:
    """Serve the console from `app`. `demand_local` must have been asked first."""
    app[CONSOLE] = console
    app[TRAIL] = trail
    app[events.CLOSING] = asyncio.Event()
    app.on_response_prepare.append(protect)
    app.on_shutdown.append(events.end_streams)
    for method, path, handler in _ROUTES:
        app.router.add_route(method, path, guarded(handler))
    app.router.add_static("/console/static/", STATIC)


def guarded(handler: Handler) -> Handler:
    """A handler that answers this machine's own pages only, and asks who is speaking where it must."""

    async def answer(request: web.Request) -> web.StreamResponse:
        refuse_strangers(request)
        try:
            return await handler(request)
        except NobodyChosen:
            return await _ask_who(request)

    return answer


async def _ask_who(request: web.Request) -> web.StreamResponse:
    if "text/html" in request.headers.get("Accept", "") and request.method == "GET":
        return await pages.choose_person(request)
    return posts.refusal(401, "Choose first who is speaking.")
