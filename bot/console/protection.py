"""What keeps the console to the person at this machine: host and origin checks, and a strict page policy.

The console lets anyone choose who they are, so only a browser on this machine may reach it, and only
our own pages may post to it. The Host check stops a foreign name that was pointed at 127.0.0.1.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import urlsplit

from aiohttp import web

from bot.console.visit import RECEPTION, NobodyKnown
from bot.settings import Settings

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""What this machine calls itself."""

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

NOT_IN_PRODUCTION = (
    "ENV=production: the console lets anyone at this address choose who they are, so it is not served."
    " Speak to Countersign in Slack or Teams; the dashboard is at /dashboard."
)


class ConsoleRefused(Exception):
    """These settings do not allow a console. The text says which and what to do."""


def demand_local(settings: Settings) -> None:
    """Raises ConsoleRefused unless the settings keep the web server on this machine."""
    if settings.env == "production":
        raise ConsoleRefused(NOT_IN_PRODUCTION)
    if settings.host not in LOOPBACK:
        raise ConsoleRefused(
            f"HOST={settings.host}: the console lets anyone who reaches it choose who they are, so it is served"
            " on 127.0.0.1 only. Set HOST=127.0.0.1, or ENV=production to serve without a console."
        )


def host_of(request: web.Request) -> str | None:
    """The host by which a request calls this server, in lower case and without the port; None for no host."""
    try:
        return urlsplit(f"//{request.host}").hostname
    except ValueError:
        return None


def refuse_strangers(request: web.Request) -> None:
    """Raises HTTPForbidden for a Host that is not this machine, and for a post from a foreign page."""
    if host_of(request) not in LOOPBACK:
        raise web.HTTPForbidden(text="The console answers only at http://127.0.0.1 and http://localhost.")
    if request.method not in ("GET", "HEAD") and request.headers.get("Origin") != f"http://{request.host}":
        raise web.HTTPForbidden(text="This was sent from another site's page, so nothing was done.")


async def protect(_request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler for `on_response_prepare`: the page policy, on every answer."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

Route = tuple[str, str, Handler]
"""A method, a path, and what answers there."""


def add_guarded(app: web.Application, routes: Iterable[Route]) -> None:
    """Serve these routes from `app` to those who are known."""
    for method, path, handler in routes:
        app.router.add_route(method, path, guarded(handler))


def guarded(handler: Handler) -> Handler:
    """A handler that answers our own pages only, and asks who is visiting where it must know."""

    async def answer(request: web.Request) -> web.StreamResponse:
        authentication = request.app[RECEPTION].authentication
        await authentication.admit(request)
        try:
            return await handler(request)
        except NobodyKnown:
            return await authentication.challenge(request)

    return answer
