"""Reaching one person: where, and that what is shown there has no buttons that could not work for them."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms.adapter import Adapter
from governance.directory import person_by_identity
from governance.people import Person
from governance.places import Audience, Place
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.usable import Reader, has_buttons, usable
from storage import direct
from storage.database import Database, tenant_of
from storage.look import look_of

# Whoever was answered in a direct conversation reads it; what turns elsewhere set going may be told there, too.
_SPOKE = """
    SELECT inbox.identity FROM outbox JOIN inbox ON inbox.id = outbox.turn
    WHERE outbox.thread = %(thread)s AND inbox.place->>'thread' = outbox.place->>'thread'
    ORDER BY outbox.number LIMIT 1
"""


async def shown_there(tx: AsyncSession, place: Place, reply: Reply, desk: Desk, person: Person | None) -> Reply:
    """The reply as it is shown in this place: with all of its buttons where several people read.

    `person` is who it is for, None where that is not said; then it is whoever spoke in this conversation.
    """
    alone = place.audience is Audience.DIRECT or reply.aside is not None
    if not alone or not has_buttons(reply):
        return reply
    reader = person or await _speaker(tx, place)
    return reply if reader is None else await usable(reply, Reader(tx, reader, desk.now, desk.modes))


async def _speaker(tx: AsyncSession, place: Place) -> Person | None:
    found = await direct.row(tx, _SPOKE, {"thread": place.key})
    return None if found is None else await person_by_identity(tx, found[0])


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
