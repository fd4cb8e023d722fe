"""Reaching people in Teams: the personal chat with somebody, opened for them where there is none."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.teams import conversations
from bot.teams.activities import MAIN, PLATFORM, object_of
from bot.teams.connector import Connector
from bot.teams.conversations import Known
from bot.teams.directory import People
from bot.teams.graph import Graph, GraphRefused
from bot.teams.sdk import ConnectorRefused
from governance.actions.access import identities_of
from governance.people import Person
from governance.places import Audience, Place
from governance.tables import PersonRow

_log = structlog.get_logger()

_NOT_AGAIN_FOR = 3600.0
"""Seconds for which somebody who could not be reached is not tried again."""


class PersonalChats:
    """Finds people's personal chats, for one application and the Entra tenants that it serves. `app_id` is the
    manifest's."""

    def __init__(
        self, connector: Connector, graph: Graph, people: People, *, app_id: str, tenants: frozenset[str]
    ) -> None:
        self._connector = connector
        self._graph = graph
        self._people = people
        self._app_id = app_id
        self._tenants = tenants
        self._unreachable: dict[str, float] = {}

    async def chat_with(self, tx: AsyncSession, person: Person) -> Place | None:
        """The personal chat with somebody; None if they are not in Teams, or it lets us not reach them.

        Raises PlatformAway where that cannot be tried just now, and NoToken.
        """
        if not person.active:
            return None
        theirs = await _accounts(tx, person.id) or await self._found(tx, person.id)
        for identity in theirs:
            if known := await conversations.personal(tx, identity):
                return _place(known.conversation)
        for identity in theirs:
            if opened := await self._open(tx, identity):
                return _place(opened)
        return None

    async def _found(self, tx: AsyncSession, person: str) -> list[str]:
        """Somebody who has not spoken yet, by the address that the department has of them."""
        email = (await tx.execute(select(PersonRow.email).where(PersonRow.id == person))).scalar()
        if not email or self._is_unreachable(person):
            return []
        for tenant in sorted(self._tenants):
            if await conversations.any_of_tenant(tx, tenant) is not None:
                await self._people.find(tx, email, tenant, datetime.now(UTC))
        found = await _accounts(tx, person)
        if not found:
            self._give_up(person)
        return found

    def _is_unreachable(self, name: str) -> bool:
        return self._unreachable.get(name, 0.0) > time.monotonic()

    def _give_up(self, name: str) -> None:
        self._unreachable[name] = time.monotonic() + _NOT_AGAIN_FOR

    async def _open(self, tx: AsyncSession, identity: str) -> str | None:
        entra = object_of(identity)
        like = entra and await conversations.any_of_tenant(tx, entra[0])
        if not entra or not like or self._is_unreachable(identity):
            return None
        try:
            opened = await self._opened_or_installed(like, *entra)
        except (ConnectorRefused, GraphRefused) as refused:
            _log.warning("teams_person_unreachable", identity=identity, why=str(refused))
            self._give_up(identity)
            return None
        await conversations.keep_personal(tx, opened, identity, like)
        return opened

    async def _opened_or_installed(self, like: Known, tenant: str, object_id: str) -> str:
        try:
            return await self._connector.open_personal(like, object_id)
        except ConnectorRefused as refused:
            if refused.status not in (403, 404):
                raise
            # The bot is neither theirs nor in a team of theirs.
            if not await self._graph.install(tenant, object_id, self._app_id):
                raise
        return await self._connector.open_personal(like, object_id)


async def _accounts(tx: AsyncSession, person: str) -> list[str]:
    return [each for each in await identities_of(tx, person) if each.startswith(f"{PLATFORM}:")]


def _place(conversation: str) -> Place:
    return Place(PLATFORM, conversation, MAIN, Audience.DIRECT)
