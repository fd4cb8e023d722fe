"""Who reads along in Teams: the channel's kind by Graph, its members by the connector, its name by the file."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms.channels import ChannelFacts, audience_of, believed, keep
from bot.teams.activities import PLATFORM
from bot.teams.connector import Connector, Member
from bot.teams.conversations import Known, is_group, keep_team
from bot.teams.graph import Channel, Graph, GraphRefused
from bot.teams.people import People, is_outsider
from bot.teams.sdk import ConnectorRefused
from governance.department import Department
from governance.department_rows import read_department
from governance.places import Audience

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
