"""A visit: one request by somebody who is known, inside one transaction.

How visitors prove who they are is the business of an Authentication, and of nothing behind it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.console.residents import ConsoleChannel, ReadResidents, Residents
from governance.people import Person
from storage.database import Database


class NobodyKnown(Exception):
    """It is not known who is visiting, or it is somebody who is no longer active."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who visits, with their roles as they are now.

    `identity` is what was proved (`console:david`, `slack:T1/U1`); `title` is what the department file
    calls their job.
    """

    person: Person
    title: str
    identity: str


@dataclass(frozen=True, slots=True)
class Visit:
    """Who is visiting, what they see of the department, and the transaction to read it in."""

    tx: AsyncSession
    residents: Residents
    reader: Visitor

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


class Authentication(Protocol):
    """How visitors come in: by choosing who they are on this machine, or by signing in."""

    async def admit(self, request: web.Request) -> None:
        """Raises HTTPForbidden for what was sent to another address, or from a page that is not ours."""

    async def visitor(self, request: web.Request, tx: AsyncSession, residents: Residents) -> Visitor:
        """Who is visiting. Raises NobodyKnown."""

    async def challenge(self, request: web.Request) -> web.StreamResponse:
        """What is answered to somebody who is not known."""

    async def page_context(self, request: web.Request, visiting: Visit) -> Mapping[str, Any]:
        """What stands around a page's own matter: the template `layout`, the end of its bar (`bar`), and
        what those two show."""


@dataclass(frozen=True, slots=True)
class Reception:
    """Where visits begin. `tenant` is the one company whose pages these are."""

    database: Database
    tenant: str
    residents: ReadResidents
    authentication: Authentication


RECEPTION: web.AppKey[Reception] = web.AppKey("reception", Reception)


@asynccontextmanager
async def visit(request: web.Request) -> AsyncIterator[Visit]:
    """The visit behind a request. Raises NobodyKnown."""
    reception = request.app[RECEPTION]
    async with reception.database.transaction(reception.tenant) as tx:
        residents = await reception.residents(tx)
        yield Visit(tx, residents, await reception.authentication.visitor(request, tx, residents))
