"""A visit: one request by somebody who chose who they are, inside one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.console.residents import ConsoleChannel, ReadResidents, Resident, Residents
from bot.console.session import Session
from bot.listener import Listener
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Console:
    """What the console works with. `tenant` is the one company whose console this is."""

    database: Database
    listener: Listener
    tenant: str
    residents: ReadResidents
    session: Session


CONSOLE: web.AppKey[Console] = web.AppKey("console", Console)


class NobodyChosen(Exception):
    """The browser has not said who is speaking, or somebody who is no longer active."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Who is visiting, what they see of the department, and the transaction to read it in."""

    tx: AsyncSession
    residents: Residents
    reader: Resident

    @property
    def zone(self) -> str:
        """The reader's time zone."""
        return self.reader.person.time_zone

    def channel(self, name: str) -> ConsoleChannel:
        """A channel that the reader reads. Raises HTTPNotFound: it does not say whether there is one."""
        found = self.residents.channel_for(self.reader.person, name)
        if found is None:
            raise web.HTTPNotFound(text="There is no such channel, or you do not read it.")
        return found


@asynccontextmanager
async def visit(request: web.Request) -> AsyncIterator[Visit]:
    """The visit behind a request. Raises NobodyChosen."""
    console = request.app[CONSOLE]
    async with visit_as(console, console.session.chosen(request)) as visiting:
        yield visiting


@asynccontextmanager
async def visit_as(console: Console, person: str | None) -> AsyncIterator[Visit]:
    """A visit by the person of this id, with their roles as they are now. Raises NobodyChosen."""
    async with console.database.transaction(console.tenant) as tx:
        residents = await console.residents(tx)
        reader = residents.find(person) if person else None
        if reader is None or not reader.person.active:
            raise NobodyChosen
        yield Visit(tx, residents, reader)
