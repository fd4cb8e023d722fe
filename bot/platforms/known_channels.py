"""The channels that Countersign can post to: the console's are the department's, others as they are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.console.adapter import ConsoleAdapter, new_message_id
from bot.platforms.adapter import Adapter, PlatformAway
from bot.platforms.channels import new_thread
from bot.platforms.tables import PlatformChannelRow
from governance.department_rows import read_department
from governance.places import Audience, Place
from handlers.conversation.desk import KnownChannel
from handlers.conversation.handler import CannotAnswer
from storage.database import Database, tenant_of
from storage.look import look_of


@dataclass(frozen=True, slots=True)
class KnownChannels:
    """Finds channels among those that a platform has described to us, by its events or when it was asked.

    For one that was not, the platform is asked, if it is one of `asking`: we may be in it, and nobody spoke.
    """

    asking: Mapping[str, Adapter] = field(default_factory=dict)
    database: Database | None = None

    async def find(self, tx: AsyncSession, platform: str, name: str, near: str = "") -> KnownChannel | None:
        """See Channels.find. Raises CannotAnswer while the platform cannot be asked."""
        wanted = name.removeprefix("#")
        if platform == ConsoleAdapter.name:
            for known in (await read_department(tx)).channels:
                if known.name == wanted:
                    return KnownChannel(wanted, Place(platform, wanted, new_message_id(), known.audience))
            return None
        called_so = or_(
            PlatformChannelRow.name == wanted,
            PlatformChannelRow.channel == wanted,
            PlatformChannelRow.channel.endswith(f"/{wanted}", autoescape=True),
        )
        query = select(PlatformChannelRow).where(PlatformChannelRow.platform == platform, called_so)
        rows = (await tx.execute(query)).scalars().all()
        if not rows and (adapter := self.asking.get(platform)):
            try:
                there = await self._asked(tx, adapter, wanted, near)
            except PlatformAway as away:
                # Whoever asks may be on another platform, and is not to wait for this one.
                raise CannotAnswer(
                    f"“{wanted}” cannot be looked for just now, because its platform does not answer. Try again"
                    " in a few minutes; nothing was changed."
                ) from away
            return None if there is None else KnownChannel(wanted, there)
        workspace = near.partition("/")[0]
        here = [row for row in rows if "/" in near and row.channel.startswith(f"{workspace}/")]
        found = here if len(here) == 1 else rows
        if len(found) != 1:
            return None
        place = Place(platform, found[0].channel, new_thread(), Audience(found[0].audience))
        return KnownChannel(found[0].name, place)

    async def _asked(self, tx: AsyncSession, adapter: Adapter, wanted: str, near: str) -> Place | None:
        database, tenant = self.database, tenant_of(tx)
        if database is None:
            raise ValueError("platforms are asked between statements of the database")

        async def asked() -> Place | None:
            async with database.statements(tenant) as session:
                return await adapter.channel(session, wanted, near)

        return await look_of(tx).at(("channel", adapter.name, wanted, near), adapter.name.capitalize(), asked)
