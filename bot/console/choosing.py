"""Choosing who is speaking: on this machine alone, for there is no password."""

from __future__ import annotations

from aiohttp import web

from bot.console.frame import static_url, theme_of
from bot.console.posts import posted_form
from bot.console.render import author, render
from bot.console.session import PERSONA
from bot.console.visit import RECEPTION


async def people(request: web.Request) -> web.Response:
    """Everybody whom one may speak as."""
    return await choose_person(request, everybody=True)


async def choose_person(request: web.Request, *, everybody: bool = False) -> web.Response:
    """The page that asks who is speaking."""
    reception = request.app[RECEPTION]
    async with reception.database.transaction(reception.tenant) as tx:
        residents = await reception.residents(tx)
    html = render(
        "people.html",
        residents=residents,
        author=author,
        everybody=everybody,
        theme=theme_of(request),
        static=static_url,
    )
    return web.Response(text=html, content_type="text/html")


async def speak_as(request: web.Request) -> web.Response:
    """Choose who is speaking, and open their direct messages."""
    reception = request.app[RECEPTION]
    person = str((await posted_form(request)).get("person", ""))
    async with reception.database.transaction(reception.tenant) as tx:
        residents = await reception.residents(tx)
    if residents.find(person) is None:
        raise web.HTTPBadRequest(text="There is nobody of that name here. Go back and choose again.")
    response = web.Response(status=303, headers={"Location": "/"})
    request.app[PERSONA].choose(response, person)
    return response
