"""The console's door: on this machine, whoever is there chooses who they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.console.choosing import choose_person
from bot.console.messages import newest_numbers
from bot.console.posts import refusal
from bot.console.protection import refuse_strangers
from bot.console.residents import Residents
from bot.console.session import Session
from bot.console.visit import NobodyKnown, Visit, Visitor


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
