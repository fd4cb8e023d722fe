"""Reaching people in Teams: the personal chat with somebody, opened for them where there is none."""

from __future__ import annotations

import time

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.teams import conversations
from bot.teams.activities import MAIN, PLATFORM, object_of
from bot.teams.connector import Connector
from bot.teams.conversations import Known
from bot.teams.graph import Graph, GraphRefused
from bot.teams.sdk import ConnectorRefused
from governance.actions.access import identities_of
from governance.people import Person
from governance.places import Audience, Place

_log = structlog.get_logger()

_NOT_AGAIN_FOR = 3600.0
"""Seconds for which somebody who could not be reached is not tried again."""


class Reaching:
    """Finds people's personal chats, for one application. `app_id` is the manifest's."""

    def __init__(self, connector: Connector, graph: Graph, app_id: str) -> None:
        self._connector = connector
        self._graph = graph
        self._app_id = app_id
        self._unreachable: dict[str, float] = {}

    async def chat_with(self, tx: AsyncSession, person: Person) -> Place | None:
        """The personal chat with somebody; None if they are not in Teams, or it lets us not reach them.

        Raises PlatformAway where that cannot be tried just now, and NoToken.
        """
        if not person.active:
            return None
        theirs = [each for each in await identities_of(tx, person.id) if each.startswith(f"{PLATFORM}:")]
        for identity in theirs:
            if known := await conversations.personal(tx, identity):
                return _place(known.conversation)
        for identity in theirs:
            if opened := await self._open(tx, identity):
                return _place(opened)
        return None

    async def _open(self, tx: AsyncSession, identity: str) -> str | None:
        entra = object_of(identity)
        like = entra and await conversations.any_of_tenant(tx, entra[0])
        if not entra or not like or self._unreachable.get(identity, 0.0) > time.monotonic():
            return None
        try:
            opened = await self._opened_or_installed(like, *entra)
        except (ConnectorRefused, GraphRefused) as refused:
            _log.warning("teams_person_unreachable", identity=identity, why=str(refused))
            self._unreachable[identity] = time.monotonic() + _NOT_AGAIN_FOR
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


def _place(conversation: str) -> Place:
    return Place(PLATFORM, conversation, MAIN, Audience.DIRECT)
