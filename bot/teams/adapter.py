"""Teams as a chat platform: what is posted there, to whom, and who is who."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms.adapter import PostFailed
from bot.platforms.channels import believed, channel_named, new_thread
from bot.platforms.people import is_known
from bot.teams import conversations
from bot.teams.activities import PLATFORM
from bot.teams.configuration import TeamsConfiguration
from bot.teams.connector import Connector
from bot.teams.directory import Audiences, People
from bot.teams.file_offers import can_be_offered, files_of, make_offers
from bot.teams.graph import Graph
from bot.teams.personal_chats import PersonalChats
from bot.teams.plan_files import plan_files
from bot.teams.posting import Posting
from bot.teams.render import render
from governance.people import Person
from governance.places import Audience, Place
from handlers.conversation.cards import Reply


class TeamsAdapter:
    """Teams, for one application."""

    name = PLATFORM
    posts_with_commit = False
    asks_for_ratings = False

    def __init__(
        self, configuration: TeamsConfiguration, connector: Connector, graph: Graph, posting: Posting
    ) -> None:
        self._public_url = configuration.public_url
        self._posting = posting
        self._people = People(connector, graph)
        self._personal_chats = PersonalChats(
            connector, graph, self._people, app_id=configuration.app_id, tenants=configuration.tenants
        )
        self._audiences = Audiences(connector, graph, self._people)

    async def post(
        self, tx: AsyncSession, place: Place, reply: Reply, *, edits: str | None, key: str, again: bool
    ) -> str:
        """Post a reply, or edit message `edits` for everyone; ids of several messages are joined with `+`.

        A bot cannot read in Teams what it posted, so `again` finds nothing: a message whose answer was lost
        may stand there twice, and is never missing. Nor can it show something to one person alone, so what
        is said `aside` is said in the thread. Raises PostFailed.
        """
        known = await conversations.conversation(tx, place.channel)
        if known is None:
            raise PostFailed("the bot is not in this conversation any more", None)
        # A table of two hundred rows takes longer to draw than the loop may be kept from a click.
        messages = await asyncio.to_thread(render, reply, public_url=self._public_url, kept=key)
        if edits is None:
            posted = await self._posting.post(tx, known, place, messages, key)
        else:
            posted = await self._posting.edit(tx, known, place, messages, key, edits)
        if can_be_offered(known):
            plans = await plan_files(tx, reply.cards) if self._public_url is None else ()
            await make_offers(tx, known, (*files_of(reply.cards), *plans))
        return posted

    async def direct(self, tx: AsyncSession, person: Person) -> Place | None:
        """The personal chat with a person, opened if there is none yet.

        Raises PlatformAway where that cannot be tried just now.
        """
        return await self._personal_chats.chat_with(tx, person)

    async def channel(self, tx: AsyncSession, name: str, near: str = "") -> Place | None:
        """A new thread in the channel of this name in which the bot was last spoken to. Raises PlatformAway.

        In Teams a name may be several channels'; one in which nobody spoke to the bot is not known.
        """
        found = await channel_named(tx, PLATFORM, name)
        known = found and await conversations.conversation(tx, found[0])
        if not known or known.kind != "channel":
            return None
        audience = await self._audiences.of(tx, known, datetime.now(UTC))
        return Place(PLATFORM, known.conversation, new_thread(), audience)

    async def introduced(self, tx: AsyncSession, identity: str, place: Place) -> Place | None:
        """See Adapter.introduced."""
        now = datetime.now(UTC)
        known = await conversations.conversation(tx, place.channel)
        if known is None or not await is_known(tx, identity, now):
            return None
        if known.kind == "personal":
            return replace(place, audience=Audience.DIRECT)
        audience = await believed(tx, PLATFORM, known.conversation, now)
        return None if audience is None else replace(place, audience=audience)

    async def introduce(self, tx: AsyncSession, identity: str, place: Place) -> Place:
        """Who speaks, and who reads along. Raises PlatformAway where nobody can be asked just now."""
        now = datetime.now(UTC)
        known = await conversations.conversation(tx, place.channel)
        await self._people.meet(tx, identity, known, now)
        audience = Audience.PUBLIC if known is None else await self._audiences.of(tx, known, now)
        return replace(place, audience=audience)
