"""Who speaks in Slack, and who reads along, as Slack itself has it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms import channels, people
from bot.platforms.channels import ChannelFacts
from bot.platforms.people import Profile
from bot.platforms.tables import PlatformUserRow
from bot.slack.addresses import PLATFORM, Address
from bot.slack.errors import as_platform_away, error_of
from bot.slack.workspaces import NotInstalled, NotOurs, Workspaces
from governance.department_rows import read_department
from governance.places import Audience

_log = structlog.get_logger()

_PAGE = 1000
_ASKED_ONE_BY_ONE = 20
"""Of more members than these that are not known yet, the whole workspace's list is read instead."""

_GONE = frozenset({"user_not_found", "users_not_found", "user_not_visible"})
_NO_CHANNEL = frozenset({"channel_not_found", "not_in_channel", "missing_scope", "is_archived"})


class SlackDirectory:
    """Asks Slack about people and channels, as rarely as is safe."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces

    async def person(self, tx: AsyncSession, address: Address, now: datetime) -> None:
        """Make sure that it is known who this is. Where the app is not installed any more, nobody can be asked,
        and what is known stays. Raises PlatformAway."""
        if await people.is_known(tx, address.identity, now):
            return
        try:
            profile = await self._profile(address)
        except NotInstalled:
            return
        await people.take_note_of(tx, profile, now)

    async def audience(self, tx: AsyncSession, address: Address, now: datetime) -> Audience:
        """Who reads along in a channel. Raises PlatformAway."""
        if address.is_direct:
            return Audience.DIRECT
        known = await channels.believed(tx, PLATFORM, str(address), now)
        if known is not None:
            return known
        facts = await self._channel(tx, address, now)
        audience = channels.audience_of(facts, await read_department(tx))
        await channels.keep(tx, PLATFORM, str(address), facts.name, audience, now)
        return audience

    async def direct_channel(self, tx: AsyncSession, person: Address, now: datetime) -> Address:
        """The direct messages of a person and Countersign. Raises PlatformAway, NotInstalled, SlackApiError."""
        known = await channels.channel_named(tx, PLATFORM, person.identity)
        if known is not None:
            return Address.of(known[0])
        client = await self._workspaces.client(person)
        async with as_platform_away():
            opened = await client.conversations_open(users=person.id)
        address = person.beside(str(opened["channel"]["id"]))
        await channels.keep(tx, PLATFORM, str(address), person.identity, Audience.DIRECT, now)
        return address

    async def by_email(self, tx: AsyncSession, email: str, now: datetime) -> str | None:
        """Find somebody who has not spoken yet by the address that the department has of them, and link
        them if Slack confirmed it. Returns their identity. Raises PlatformAway."""
        asked: set[str | None] = set()
        for workspace in await self._installed():
            try:
                bot = await self._workspaces.bot(workspace.enterprise, workspace.team)
                if bot.bot_token in asked:
                    continue  # an organisation's app finds everybody with one question
                asked.add(bot.bot_token)
                client = self._workspaces.slack.client(bot.bot_token)
                async with as_platform_away():
                    user = (await client.users_lookupByEmail(email=email))["user"]
            except NotInstalled:
                continue  # taken out just now
            except SlackApiError as refused:
                if error_of(refused) not in _GONE:
                    _log.warning("slack_person_not_found", team=workspace.team, why=error_of(refused))
                continue
            home = str(user.get("team_id") or workspace.team) if bot.is_enterprise_install else workspace.team
            found = Address(workspace.enterprise, home, str(user["id"]))
            await people.take_note_of(tx, profile_of(user, found), now)
            return found.identity
        return None

    async def _installed(self) -> tuple[Address, ...]:
        """The workspaces that the app is in; none where the only token that we were given is refused."""
        try:
            return await self._workspaces.installed()
        except NotInstalled as refused:
            _log.warning("slack_not_installed", why=str(refused))
            return ()

    async def channel_called(
        self, tx: AsyncSession, name: str, near: str, now: datetime
    ) -> tuple[Address, Audience] | None:
        """A channel that the bot is in, by its name; of several the one in the workspace of the channel `near`.
        Raises PlatformAway."""
        known = await channels.channel_named(tx, PLATFORM, name)
        if known is not None:
            address = Address.of(known[0])
            return address, await self.audience(tx, address, now)
        found = [each for workspace in await self._installed() for each in await self._called(workspace, name)]
        here = [each for each in found if str(each).rpartition("/")[0] == near.rpartition("/")[0]]
        if len(chosen := here or found) != 1:
            return None
        return chosen[0], await self.audience(tx, chosen[0], now)

    async def _called(self, workspace: Address, name: str) -> list[Address]:
        """The bot's channels of this name in a workspace."""
        found = []
        try:
            client = await self._workspaces.client(workspace)
            async with as_platform_away():
                async for page in await client.users_conversations(
                    types="public_channel,private_channel",
                    exclude_archived=True,
                    limit=_PAGE,
                    team_id=workspace.team,
                ):
                    found += [str(each["id"]) for each in page["channels"] if each.get("name") == name]
        except (NotInstalled, NotOurs):
            return []  # taken out just now, or off the list
        except SlackApiError as refused:
            _log.warning("slack_channels_not_listed", team=workspace.team, why=error_of(refused))
            return []
        return [workspace.beside(id) for id in found]

    async def _profile(self, address: Address) -> Profile:
        try:
            client = await self._workspaces.client(address)
        except NotOurs:
            return Profile(address.identity, address.id, "stranger")
        try:
            async with as_platform_away():
                user = (await client.users_info(user=address.id))["user"]
        except SlackApiError as refused:
            if error_of(refused) not in _GONE:
                raise
            return Profile(address.identity, address.id, "gone")
        return profile_of(user, address)

    async def _channel(self, tx: AsyncSession, address: Address, now: datetime) -> ChannelFacts:
        try:
            client = await self._workspaces.client(address)
            async with as_platform_away():
                channel = (await client.conversations_info(channel=address.id))["channel"]
                shared = any(channel.get(name) for name in _SHARED)
                outsiders = shared or await self._has_outsiders(tx, client, address, now)
        except SlackApiError as refused:
            if error_of(refused) not in _NO_CHANNEL:
                raise
            return ChannelFacts(address.id, has_outsiders=True)
        return ChannelFacts(
            name=str(channel.get("name", address.id)),
            is_private=bool(channel.get("is_private")),
            has_outsiders=outsiders,
        )

    async def _has_outsiders(
        self, tx: AsyncSession, client: AsyncWebClient, address: Address, now: datetime
    ) -> bool:
        """Whether a guest, or somebody from another company, is a member."""
        members: list[str] = []
        cursor = ""
        while True:
            page = await client.conversations_members(channel=address.id, limit=_PAGE, cursor=cursor or None)
            members += page["members"]
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                break
        await self._learn(tx, client, address, members, now)
        identities = [address.beside(member).identity for member in members]
        outside = select(PlatformUserRow.identity).where(
            PlatformUserRow.identity.in_(identities), PlatformUserRow.standing.in_(("guest", "stranger"))
        )
        return (await tx.execute(outside.limit(1))).scalar() is not None

    async def _learn(
        self, tx: AsyncSession, client: AsyncWebClient, address: Address, members: Iterable[str], now: datetime
    ) -> None:
        """Make sure that the standing of all these members is known."""
        wanted = {address.beside(member).identity: member for member in members}
        since = now - timedelta(hours=24)
        fresh = select(PlatformUserRow.identity).where(
            PlatformUserRow.identity.in_(list(wanted)), PlatformUserRow.checked > since
        )
        unknown = set(wanted) - set((await tx.execute(fresh)).scalars())
        if len(unknown) > _ASKED_ONE_BY_ONE:
            async for page in await client.users_list(limit=_PAGE, team_id=address.team):
                for user in page["members"]:
                    identity = address.beside(str(user["id"])).identity
                    if identity in unknown:
                        unknown.discard(identity)
                        await people.take_note_of(tx, profile_of(user, address.beside(str(user["id"]))), now)
        for identity in sorted(unknown):
            profile = await self._profile(address.beside(wanted[identity]))
            await people.take_note_of(tx, profile, now)


_SHARED = ("is_ext_shared", "is_pending_ext_shared")


def profile_of(user: dict[str, Any], address: Address) -> Profile:
    """A person as Slack's `users.info` describes them. An address counts once Slack confirmed it."""
    profile = user.get("profile") or {}
    name = str(profile.get("real_name") or user.get("real_name") or user.get("name") or address.id)
    email = profile.get("email") if user.get("is_email_confirmed") else None
    if user.get("deleted"):
        return Profile(address.identity, name, "gone")
    if user.get("is_bot") or user.get("is_workflow_bot") or user.get("id") == "USLACKBOT":
        return Profile(address.identity, name, "bot")
    if user.get("is_stranger") or not _is_at_home(user, address):
        return Profile(address.identity, name, "stranger")
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return Profile(address.identity, name, "guest", email)
    return Profile(address.identity, name, "member", email)


def _is_at_home(user: dict[str, Any], address: Address) -> bool:
    """Whether somebody is of our own workspace or organisation. Slack calls nobody a stranger with whom a
    channel is shared; and the workspace of an address may be the one that they are from."""
    if address.enterprise is not None:
        return (user.get("enterprise_user") or {}).get("enterprise_id") == address.enterprise
    return user.get("team_id") in (None, address.team)
