"""Reaching somebody within an act: the platform may have to be asked, and that is looked up before it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms.adapter import Adapter
from governance.people import Person
from governance.places import Place
from storage.database import Database, tenant_of
from storage.look import look_of


async def direct_conversation(
    database: Database, tx: AsyncSession, adapter: Adapter, person: Person
) -> Place | None:
    """The direct conversation with a person on one platform, None if that does not know them.

    Raises PlatformAway, and within a transaction NotLooked.
    """
    tenant = tenant_of(tx)

    async def reached() -> Place | None:
        async with database.statements(tenant) as session:
            return await adapter.direct(session, person)

    if adapter.posts_with_commit:  # it is this installation itself, and asks nobody
        return await adapter.direct(tx, person)
    return await look_of(tx).at(("direct", adapter.name, person.id), adapter.name.capitalize(), reached)
