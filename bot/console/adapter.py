"""The console as a chat platform: messages are rows, and a notification says which one is new."""

from __future__ import annotations

import json
import secrets

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms.adapter import PostFailed
from bot.tables import ConsoleMessageRow
from bot.wire import reply_to_json
from governance.department_rows import read_department
from governance.people import Person
from governance.places import Audience, Place
from handlers.conversation.cards import Reply
from storage import direct
from storage.database import tenant_of

NEWS = "countersign_console"
"""The PostgreSQL channel on which new and edited messages are announced, by id and never by content."""

COUNTERSIGN = "countersign"
"""The author of what Countersign posts; people's messages carry their identity (`console:david`)."""

_DIRECT = "dm-"

# Stored and announced in one round trip; a message that is there already is not announced again.
_ADD = """
    WITH added AS (
        INSERT INTO console_messages (id, channel, thread, author, key, text, reply)
        VALUES (%(id)s, %(channel)s, %(thread)s, %(author)s, %(key)s, %(text)s, %(reply)s)
        ON CONFLICT DO NOTHING RETURNING id
    )
    SELECT pg_notify(%(news_channel)s, %(news)s) FROM added
"""


class ConsoleAdapter:
    """Posts into `console_messages`, edits there, and wakes every open page when the transaction commits."""

    name = "console"
    posts_with_commit = True
    asks_for_ratings = False

    async def post(
        self,
        tx: AsyncSession,
        place: Place,
        reply: Reply,
        *,
        edits: str | None,
        key: str,
        again: bool,
    ) -> str:
        """Post a reply in a thread, or edit message `edits`; a `key` that was posted before posts nothing.

        Raises PostFailed if there is no message `edits`.
        """
        if edits is not None:
            return await _edit(tx, place, reply, edits)
        return await add_message(tx, place, author=COUNTERSIGN, text=reply.text, key=key, reply=reply)

    async def direct(self, _tx: AsyncSession, person: Person) -> Place | None:
        """A new thread in the person's direct messages: what is said there is about one thing.

        None for people who are not active.
        """
        if not person.active:
            return None
        return Place(self.name, direct_channel(person.id), new_message_id(), Audience.DIRECT)

    async def channel(self, tx: AsyncSession, name: str, near: str = "") -> Place | None:
        """A new thread in a channel of the department file's; None for one that is not in it."""
        department = await read_department(tx)
        if name not in {channel.name for channel in department.channels}:
            return None
        return Place(self.name, name, new_message_id(), department.audience_of(name))

    async def introduced(self, _tx: AsyncSession, _identity: str, place: Place) -> Place | None:
        """The console's places are the department's own, and who speaks there is known."""
        return place

    async def introduce(self, _tx: AsyncSession, _identity: str, place: Place) -> Place:
        """See `introduced`."""
        return place


def direct_channel(person: str) -> str:
    """The channel of a person's direct messages."""
    return f"{_DIRECT}{person}"


def new_message_id() -> str:
    """An id for a message; a thread is named after its first one."""
    return f"cm_{secrets.token_hex(8)}"


async def add_message(
    tx: AsyncSession,
    place: Place,
    *,
    author: str,
    text: str,
    key: str,
    message: str | None = None,
    reply: Reply | None = None,
) -> str:
    """Store a message once per `key` and announce it. Returns its id, the first one's if it is a repeat."""
    posted = message or new_message_id()
    row = {
        "id": posted,
        "channel": place.channel,
        "thread": place.thread,
        "author": author,
        "key": key,
        "text": text,
        "reply": direct.Jsonb(reply_to_json(reply)) if reply else None,
        "news_channel": NEWS,
        "news": _news(tx, place, posted),
    }
    if await direct.row(tx, _ADD, row) is not None:
        return posted
    known = select(ConsoleMessageRow.id).where(ConsoleMessageRow.key == key)
    return (await tx.execute(known)).scalar_one()


async def _edit(tx: AsyncSession, place: Place, reply: Reply, message: str) -> str:
    changed = (
        update(ConsoleMessageRow)
        .where(ConsoleMessageRow.id == message)
        .values(text_=reply.text, reply=reply_to_json(reply), edited=func.clock_timestamp())
        .returning(ConsoleMessageRow.id)
    )
    if (await tx.execute(changed)).scalar() is None:
        raise PostFailed(f"there is no message {message} to edit", None)
    await announce(tx, place, message)
    return message


async def announce(tx: AsyncSession, place: Place, message: str) -> None:
    """Wake every open page for this message when `tx` commits."""
    await tx.execute(select(func.pg_notify(NEWS, _news(tx, place, message))))


def _news(tx: AsyncSession, place: Place, message: str) -> str:
    return json.dumps(
        {"tenant": tenant_of(tx), "channel": place.channel, "thread": place.thread, "message": message}
    )
