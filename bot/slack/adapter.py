"""Slack as a chat platform: messages, edits, App Homes, and what only one person is to read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from limits import RateLimitItem, RateLimitItemPerSecond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms import channels, people
from bot.platforms.adapter import PlatformAway, PostFailed
from bot.slack.addresses import HOME, PLATFORM, Address, address_of
from bot.slack.directory import SlackDirectory
from bot.slack.errors import as_post_failed, error_of
from bot.slack.posting import Post, Streams, left_behind, settled, show_state, streamed
from bot.slack.render import SlackMessage, home_view, render
from bot.slack.uploads import Uploads
from bot.slack.workspaces import NotInstalled, NotOurs, Workspaces
from bot.tables import InboxRow, OutboxRow
from governance.people import Person
from governance.places import Audience, Place
from governance.tables import IdentityRow, PersonRow
from handlers.conversation.cards import Reply
from integrations.budgets import Budgets

POSTS: tuple[RateLimitItem, ...] = (RateLimitItemPerSecond(5, 5),)
"""One message a second and channel, in bursts of five: https://docs.slack.dev/apis/web-api/rate-limits."""

EDITS: tuple[RateLimitItem, ...] = (RateLimitItemPerSecond(1, 2),)
"""One edit of a message in two seconds: more often it flickers, and Slack refuses."""

_JOINED = "+"
"""Between the ids of the messages that one reply took."""

_MISSED_SECONDS = 600.0
"""Before somebody who is not in Slack is looked for again."""


class SlackAdapter:
    """Posts into Slack. `public_url` is where links into the dashboard lead."""

    name = PLATFORM
    posts_with_commit = False
    asks_for_ratings = True

    def __init__(
        self,
        workspaces: Workspaces,
        directory: SlackDirectory,
        uploads: Uploads,
        budgets: Budgets,
        public_url: str | None,
    ) -> None:
        self._workspaces = workspaces
        self._directory = directory
        self._uploads = uploads
        self._budgets = budgets
        self._public_url = public_url
        self._streams = Streams(budgets)
        self._missed: dict[str, float] = {}

    async def post(
        self, tx: AsyncSession, place: Place, reply: Reply, *, edits: str | None, key: str, again: bool
    ) -> str:
        """See Adapter.post. A reply that takes several messages is posted as several, in order."""
        address = address_of(place)
        try:
            bot = await self._workspaces.bot(address.enterprise, address.team)
        except PlatformAway as away:
            raise PostFailed(str(away), 0.0) from away
        except NotOurs as foreign:
            raise PostFailed(str(foreign), None) from foreign
        client = self._workspaces.slack.client(bot.bot_token)
        async with self._trying_again(tx, address, client, reply), as_post_failed():
            if place.thread == HOME:
                view = home_view(reply, public_url=self._public_url)
                await client.views_publish(user_id=address.id, view=view)
                return HOME
            thread = await channels.message_of(tx, PLATFORM, place.channel, place.thread)
            pictures = await self._uploads.pictures(tx, client, address, reply)
            messages = render(reply, public_url=self._public_url, images=pictures)
            if reply.aside is not None and not address.is_direct:
                return await self._whisper(client, address, thread, messages, reply.aside)
            post = Post(client, address, thread, key, messages)
            if edits is not None:
                if await self._streams.carried_on(post, edits, reply):
                    return edits
                edited = await self._edit(post, edits)
                await show_state(client, address, thread or edited.split(_JOINED)[0], reply)
                return edited
            ids = await self._begun(tx, place, post, reply, bot.bot_user_id if again else None)
            if thread is None:
                await channels.began(tx, PLATFORM, place.channel, place.thread, ids[0])
            await self._uploads.documents(tx, client, address, reply, thread or ids[0])
            await show_state(client, address, thread or ids[0], reply)
        return _JOINED.join(ids)

    @asynccontextmanager
    async def _trying_again(
        self, tx: AsyncSession, address: Address, client: AsyncWebClient, reply: Reply
    ) -> AsyncIterator[None]:
        """What is refused because something that we know is out of date is known anew at the next try."""
        async with (
            self._workspaces.tried_again(address, client),
            self._uploads.uploaded_anew(tx, address, reply),
        ):
            yield

    async def direct(self, tx: AsyncSession, person: Person) -> Place | None:
        """A new thread in the person's direct messages, in the first workspace that has them.

        Somebody who has never spoken here is looked for by the address that the department has of them:
        whoever is asked for a decision must hear of it.
        """
        if not person.active:
            return None
        for identity in await self._identities(tx, person):
            address = await self._opened(tx, Address.of_identity(identity))
            if address is not None:
                return Place(PLATFORM, str(address), channels.new_thread(), Audience.DIRECT)
        return None

    async def channel(self, tx: AsyncSession, name: str, near: str = "") -> Place | None:
        """A new thread in a channel that the bot is in."""
        found = await self._directory.channel_called(tx, name, near, datetime.now(UTC))
        return found and Place(PLATFORM, str(found[0]), channels.new_thread(), found[1])

    async def _identities(self, tx: AsyncSession, person: Person) -> Sequence[str]:
        mine = IdentityRow.person == person.id, IdentityRow.identity.startswith(f"{PLATFORM}:")
        query = select(IdentityRow.identity).where(*mine).order_by(IdentityRow.linked)
        linked = (await tx.execute(query)).scalars().all()
        email = (await tx.execute(select(PersonRow.email).where(PersonRow.id == person.id))).scalar()
        if linked or not email or monotonic() - self._missed.get(person.id, -_MISSED_SECONDS) < _MISSED_SECONDS:
            return linked
        await self._directory.by_email(tx, email, datetime.now(UTC))
        found = (await tx.execute(query)).scalars().all()
        if not found:
            self._missed[person.id] = monotonic()
        return found

    async def introduced(self, tx: AsyncSession, identity: str, place: Place) -> Place | None:
        """See Adapter.introduced."""
        address, now = address_of(place), datetime.now(UTC)
        if (address.is_person and place.thread != HOME) or not await people.is_known(tx, identity, now):
            return None
        if address.is_direct:
            return replace(place, audience=Audience.DIRECT)
        audience = await channels.believed(tx, PLATFORM, place.channel, now)
        return None if audience is None else replace(place, audience=audience)

    async def introduce(self, tx: AsyncSession, identity: str, place: Place) -> Place:
        """See Adapter.introduce. Somebody with whom no conversation is open gets one."""
        now = datetime.now(UTC)
        await self._directory.person(tx, Address.of_identity(identity), now)
        address = address_of(place)
        if address.is_person and place.thread != HOME:
            opened = await self._opened(tx, address)
            return place if opened is None else Place(PLATFORM, str(opened), place.thread, Audience.DIRECT)
        try:
            audience = await self._directory.audience(tx, address, now)
        except (NotInstalled, NotOurs):
            audience = Audience.PUBLIC
        return Place(PLATFORM, place.channel, place.thread, audience)

    async def _opened(self, tx: AsyncSession, person: Address) -> Address | None:
        try:
            return await self._directory.direct_channel(tx, person, datetime.now(UTC))
        except (NotInstalled, NotOurs, SlackApiError):
            return None
        except PlatformAway:
            return person  # Slack opens the conversation itself when something is posted to a person

    async def _begun(
        self, tx: AsyncSession, place: Place, post: Post, reply: Reply, author: str | None
    ) -> list[str]:
        """A new message: work under way as a stream where Slack has them. After an attempt that may have got
        through, what is there already in the name of `author` stays, and no other stream is tried."""
        if author is not None:
            around = await post.around()
            left = left_behind(around, author, await _messages_of(tx, place)) if reply.is_under_way else None
            return [streamed(left)] if left else await self._post(post, post.among(around))
        reader = await _reader(tx, post) if reply.is_under_way else None
        begun = await self._streams.begun(post, reply, reader)
        return [begun] if begun else await self._post(post, {})

    async def _post(self, post: Post, posted: dict[int, str]) -> list[str]:
        ids: list[str] = []
        for number, message in enumerate(post.messages):
            if number in posted:
                ids.append(posted[number])
                continue
            await self._spend(POSTS, post.address.team, post.address.id, begun=bool(ids))
            answer = await post.client.chat_postMessage(
                channel=post.address.id,
                thread_ts=post.thread or (ids[0] if ids else None),
                text=message.text,
                blocks=list(message.blocks),
                metadata=post.mark(number),
                unfurl_links=False,
                unfurl_media=False,
            )
            ids.append(str(answer["ts"]))
        return ids

    async def _edit(self, post: Post, edits: str) -> str:
        """Change messages in place; those that are too many go, those that are new follow in the thread."""
        old = settled(edits).split(_JOINED)
        mark: Any = {} if settled(edits) == edits else {"metadata": post.mark(0)}  # a stream has none yet
        ids: list[str] = []
        for ts, message in zip(old, post.messages, strict=False):
            await self._spend(EDITS, post.address.team, post.address.id, ts, begun=bool(ids))
            try:
                await post.client.chat_update(
                    channel=post.address.id, ts=ts, text=message.text, blocks=list(message.blocks), **mark
                )
            except SlackApiError as refused:
                if error_of(refused) != "message_not_found":
                    raise
                raise PostFailed("the message was deleted in Slack", None) from refused
            ids.append(ts)
        for ts in old[len(post.messages) :]:
            await _delete(post, ts)
        if len(post.messages) > len(old):
            thread = post.thread or old[0]
            rest = replace(post, thread=thread)
            found = dict(enumerate(old)) | await rest.found()
            ids = await self._post(rest, found)
        return _JOINED.join(ids)

    async def _whisper(
        self,
        client: AsyncWebClient,
        address: Address,
        thread: str | None,
        messages: tuple[SlackMessage, ...],
        identity: str,
    ) -> str:
        ids = []
        for message in messages:
            answer = await client.chat_postEphemeral(
                channel=address.id,
                user=Address.of_identity(identity).id,
                thread_ts=thread,
                text=message.text,
                blocks=list(message.blocks),
            )
            ids.append(str(answer["message_ts"]))
        return _JOINED.join(ids)

    async def _spend(self, rates: tuple[RateLimitItem, ...], *names: str, begun: bool) -> None:
        """Raises PostFailed while the budget is spent; what was `begun` is then looked for first."""
        wait = await self._budgets.spend(rates, PLATFORM, *names)
        if wait:
            raise PostFailed("the budget for this channel is spent", wait, is_certain=not begun)


async def _delete(post: Post, ts: str) -> None:
    """Take a message away, unless an earlier try or somebody else did."""
    try:
        await post.client.chat_delete(channel=post.address.id, ts=ts)
    except SlackApiError as refused:
        if error_of(refused) != "message_not_found":
            raise


async def _messages_of(tx: AsyncSession, place: Place) -> frozenset[str]:
    """The messages of a thread that are on record."""
    query = select(OutboxRow.message).where(OutboxRow.thread == place.key, OutboxRow.message.is_not(None))
    joined = (await tx.execute(query)).scalars().all()
    return frozenset(ts for message in joined if message for ts in settled(message).split(_JOINED))


async def _reader(tx: AsyncSession, post: Post) -> Address | None:
    """Whoever said what a post in a direct conversation answers."""
    query = select(InboxRow.identity).join(OutboxRow, OutboxRow.turn == InboxRow.id)
    identity = (await tx.execute(query.where(OutboxRow.id == post.key))).scalar()
    return None if identity is None or not post.address.is_direct else Address.of_identity(identity)
