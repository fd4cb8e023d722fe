"""Who speaks in Teams, by Graph and the connector, and who reads along."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms.channels import ChannelFacts, audience_of, believed, keep
from bot.platforms.people import Profile, Standing, is_known, take_note_of
from bot.teams.activities import PLATFORM, object_of
from bot.teams.connector import Connector, Member
from bot.teams.conversations import Known, is_group, keep_team
from bot.teams.graph import Channel, Graph, GraphRefused, User
from bot.teams.sdk import ConnectorRefused
from governance.department import Department
from governance.department_rows import read_department
from governance.directory import person_by_identity
from governance.people import Person
from governance.places import Audience

_NOT_FOUND = 404
_FROM_ELSEWHERE = "#ext#"
"""In the principal name of everybody whose home is another company's directory."""


@dataclass(frozen=True, slots=True)
class _Described:
    """What was said of somebody. `addresses` are their directory's, most personal first."""

    name: str
    standing: Standing
    addresses: tuple[str, ...] = ()


class People:
    """Meets people for one application."""

    def __init__(self, connector: Connector, graph: Graph) -> None:
        self._connector = connector
        self._graph = graph

    async def meet(self, tx: AsyncSession, identity: str, known: Known | None, now: datetime) -> None:
        """Find out who speaks in a conversation, unless that is known; link or unlink them.

        Raises PlatformAway where nobody can be asked just now, and NoToken.
        """
        if not await is_known(tx, identity, now):
            await _take_note(tx, identity, await self._described(identity, known), now)

    async def find(self, tx: AsyncSession, email: str, tenant: str, now: datetime) -> None:
        """Link whoever has this address in a tenant, also if they have not spoken yet. Raises PlatformAway.

        Does nothing where Graph may not be asked.
        """
        try:
            users = await self._graph.users_called(tenant, email)
        except GraphRefused:
            return
        for user in users:
            await _take_note(tx, f"{PLATFORM}:{tenant}/{user.object_id}", _by_graph(user), now)

    async def person(self, tx: AsyncSession, member: Member, tenant: str, now: datetime) -> Person | None:
        """Whoever of the department a member of a conversation is."""
        if is_outsider(member, tenant):
            return None
        identity = f"{PLATFORM}:{tenant}/{member.object_id}"
        if not await is_known(tx, identity, now):
            await _take_note(tx, identity, _by_connector(member, tenant), now)
        return await person_by_identity(tx, identity)

    async def _described(self, identity: str, known: Known | None) -> _Described:
        entra = object_of(identity)
        if entra is None:
            return _Described(identity, "bot" if "/28:" in identity else "stranger")
        try:
            return _by_graph(await self._graph.user(*entra))
        except GraphRefused as refused:
            if refused.status == _NOT_FOUND or known is None:
                return _Described(identity, "gone")
        try:
            return _by_connector(await self._connector.member(known, entra[1]), entra[0])
        except ConnectorRefused as refused:
            # Not found: they have left. Forbidden: so has the bot, and nobody vouches for them any more.
            return _Described(identity, "gone" if refused.status == _NOT_FOUND else "stranger")


def is_outsider(member: Member, tenant: str) -> bool:
    """Whether a member of a conversation is a guest, from another company, or nobody whom Entra knows."""
    return (
        member.object_id is None
        or member.role not in ("user", "")
        or member.tenant not in (tenant, None)
        or _FROM_ELSEWHERE in (member.principal or "").lower()
    )


def _by_graph(user: User) -> _Described:
    if not user.is_enabled:
        return _Described(user.name, "gone")
    if user.kind != "Member" or _FROM_ELSEWHERE in user.principal.lower():
        return _Described(user.name, "guest")
    return _Described(user.name, "member", _addresses(user.mail, user.principal))


def _by_connector(member: Member, tenant: str) -> _Described:
    if is_outsider(member, tenant):
        return _Described(member.name, "guest")
    return _Described(member.name, "member", _addresses(member.email, member.principal))


def _addresses(*given: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(address.lower() for address in given if address))


async def _take_note(tx: AsyncSession, identity: str, described: _Described, now: datetime) -> None:
    # The first address that the department knows links; of a linked identity the others change nothing.
    addresses: Iterable[str | None] = described.addresses or (None,)
    for address in addresses:
        await take_note_of(tx, Profile(identity, described.name, described.standing, address), now)


_log = structlog.get_logger()


class Audiences:
    """Finds out who reads along, for one application."""

    def __init__(self, connector: Connector, graph: Graph, people: People) -> None:
        self._connector = connector
        self._graph = graph
        self._people = people

    async def of(self, tx: AsyncSession, known: Known, now: datetime) -> Audience:
        """Who reads this conversation. Raises PlatformAway where nobody can be asked just now, and NoToken.

        What may not be looked up is public.
        """
        if known.kind == "personal":
            return Audience.DIRECT
        lately = await believed(tx, PLATFORM, known.conversation, now)
        if lately is not None:
            return lately
        name, audience = "", Audience.PUBLIC
        try:
            if known.kind == "channel":
                name, audience = await self._of_channel(tx, known, now)
            else:
                audience = await self._of_group(tx, known, now)
        except (ConnectorRefused, GraphRefused) as refused:
            _log.warning("teams_audience_unknown", conversation=known.conversation, why=str(refused))
        await keep(tx, PLATFORM, known.conversation, name, audience, now)
        return audience

    async def _of_group(self, tx: AsyncSession, known: Known, now: datetime) -> Audience:
        """A group chat is the department's if everybody in it is of the department."""
        members = await self._connector.members(known)
        people = [await self._people.person(tx, member, known.entra_tenant, now) for member in members]
        return Audience.PUBLIC if None in people or not people else Audience.DEPARTMENT

    async def _of_channel(self, tx: AsyncSession, known: Known, now: datetime) -> tuple[str, Audience]:
        channel = await self._channel(tx, known)
        name = channel.name.casefold().replace(" ", "-")
        if channel.membership not in ("standard", "private"):
            return name, Audience.PUBLIC
        members = await self._connector.members(known)
        department = await read_department(tx)
        facts = ChannelFacts(
            name=name,
            has_outsiders=not members or any(is_outsider(member, known.entra_tenant) for member in members),
            is_private=channel.membership == "private"
            and await self._are_named(tx, department, name, known.entra_tenant, members, now),
        )
        return name, audience_of(facts, department)

    async def _are_named(
        self,
        tx: AsyncSession,
        department: Department,
        name: str,
        tenant: str,
        members: list[Member],
        now: datetime,
    ) -> bool:
        """Whether everybody in a private channel is among those whom the file names for it: in Teams anybody
        may give a channel of their own the name of another team's."""
        named = {
            person for channel in department.channels if channel.name == name for person in channel.members
        }
        if not named:
            return False
        people = [await self._people.person(tx, member, tenant, now) for member in members]
        return all(person is not None and person.id in named for person in people)

    async def _channel(self, tx: AsyncSession, known: Known) -> Channel:
        team = known.team
        if team is None:
            return Channel("", "unknown")
        if not is_group(team):
            group = await self._connector.group_of(known, team)
            await keep_team(tx, team, group)
            team = group
        return await self._graph.channel(known.entra_tenant, team, known.conversation)
