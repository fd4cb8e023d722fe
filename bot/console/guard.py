"""What stands before every page: checks of the request, and a challenge to those who are not known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web

from bot.console.visit import RECEPTION, NobodyKnown

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
