"""Who speaks on the console: on this machine, whoever is there chooses who they are, in a sealed cookie."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy.ext.asyncio import AsyncSession

from bot.console.frame import static_url, theme_of
from bot.console.messages import newest_numbers
from bot.console.posts import posted_form, refusal
from bot.console.protection import refuse_strangers
from bot.console.render import author, render
from bot.console.residents import Residents
from bot.console.visit import RECEPTION, NobodyKnown, Visit, Visitor
from bot.platforms.sealing import key_in

COOKIE = "countersign_persona"
_THIRTY_DAYS = 30 * 24 * 3600


class Session:
    """Signs and reads the cookie. The key is 32 random bytes, base64, as Fernet has it."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    def choose(self, response: web.StreamResponse, person: str) -> None:
        """Let the browser speak as this person from now on."""
        signed = self._fernet.encrypt(person.encode()).decode()
        response.set_cookie(COOKIE, signed, max_age=_THIRTY_DAYS, httponly=True, samesite="Strict", path="/")

    def chosen(self, request: web.Request) -> str | None:
        """The person's id, or None if none was chosen, the cookie is old, or it was not signed here."""
        signed = request.cookies.get(COOKIE)
        if signed is None:
            return None
        try:
            # Browsers may send any bytes; those that are no text arrive as lone surrogates.
            return self._fernet.decrypt(signed.encode(errors="surrogateescape"), ttl=_THIRTY_DAYS).decode()
        except InvalidToken:
            return None


PERSONA: web.AppKey[Session] = web.AppKey("persona", Session)


def session_key(folder: Path) -> bytes:
    """The installation's key for console cookies, made at first use."""
    return key_in(folder / "console.key")


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


class PersonaDoor:
    """Takes the cookie's word for who is visiting. `demand_local` must have been asked first."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def admit(self, request: web.Request) -> None:
        """Raises HTTPForbidden unless the request was sent to this machine, by a page of ours."""
        refuse_strangers(request)

    async def visitor(self, request: web.Request, tx: AsyncSession, residents: Residents) -> Visitor:
        """The resident whom the browser speaks as. Raises NobodyKnown."""
        chosen = self._session.chosen(request)
        resident = residents.find(chosen) if chosen else None
        if resident is None or not resident.person.active:
            raise NobodyKnown
        return Visitor(resident.person, resident.title, resident.identity)

    async def challenge(self, request: web.Request) -> web.StreamResponse:
        """The page that asks who is speaking; a sentence for what is not a page."""
        if "text/html" in request.headers.get("Accept", "") and request.method == "GET":
            return await choose_person(request)
        return refusal(401, "Choose first who is speaking.")

    async def page_context(self, request: web.Request, visiting: Visit) -> Mapping[str, Any]:
        """The reader's conversations, and the others whom they may speak as."""
        channels = visiting.residents.channels_of(visiting.reader.person)
        names = (channel.name for channel in channels)
        newest = await newest_numbers(visiting.tx, names, visiting.reader.identity)
        return {"layout": "console_layout.html", "bar": None, "channels": channels, "newest": newest}
