"""What is posted where one person reads is what they can use: no buttons that could not work for them."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from governance.directory import person_by_identity
from governance.people import Person
from governance.places import Audience, Place
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.usable import Reader, has_buttons, usable
from storage import direct

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
