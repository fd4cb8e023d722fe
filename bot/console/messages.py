"""The console's messages: saying something, and reading channels, threads and what changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.console.adapter import add_message, new_message_id
from bot.console.residents import ConsoleChannel
from bot.console.visit import Visitor
from bot.inbox import clean, store_words
from bot.tables import ConsoleMessageRow, InboxRow
from governance.places import Place

PAGE = 50
"""Threads of a channel that are shown at once."""


class NothingSaid(Exception):
    """A message of which nothing is left once control characters are gone."""


class NoSuchThread(LookupError):
    """There is no such thread in this channel."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread as its channel lists it: its first message, how many follow, and the last of them."""

    root: ConsoleMessageRow
    replies: int
    last: ConsoleMessageRow | None


async def say(
    tx: AsyncSession, speaker: Visitor, channel: ConsoleChannel, *, thread: str | None, text: str, key: str
) -> Place:
    """Store something said, as a message and as a turn to answer. A repeated `key` does neither.

    Raises NothingSaid and NoSuchThread.
    """
    words = clean(text)
    if not words:
        raise NothingSaid
    if thread is not None and not await thread_messages(tx, channel.name, thread, limit=1):
        raise NoSuchThread(thread)
    message = new_message_id()
    place = Place("console", channel.name, thread or message, channel.audience)
    posted = await add_message(
        tx, place, author=speaker.identity, text=words, key=f"said:{key}", message=message
    )
    if posted != message:
        stands = (
            await tx.execute(select(ConsoleMessageRow).where(ConsoleMessageRow.id == posted))
        ).scalar_one()
        return Place("console", stands.channel, stands.thread, channel.audience)
    await store_words(tx, platform="console", key=key, identity=speaker.identity, place=place, text=words)
    return place


async def threads(tx: AsyncSession, channel: str, *, before: int | None = None) -> tuple[Thread, ...]:
    """The newest threads of a channel that began before message number `before`, oldest first."""
    rows = ConsoleMessageRow
    mine = rows.channel == channel
    begins = select(rows.thread, func.min(rows.number).label("first")).where(mine).group_by(rows.thread)
    first = begins.subquery()
    newest = select(first.c.thread, first.c.first).order_by(first.c.first.desc()).limit(PAGE)
    if before is not None:
        newest = newest.where(first.c.first < before)
    shown = [name for name, _ in (await tx.execute(newest))]
    return await _summarised(tx, channel, reversed(shown))


async def thread_summary(tx: AsyncSession, channel: str, thread: str) -> Thread:
    """One thread as its channel lists it. Raises NoSuchThread."""
    found = await _summarised(tx, channel, [thread])
    if not found:
        raise NoSuchThread(thread)
    return found[0]


async def _summarised(tx: AsyncSession, channel: str, wanted: Iterable[str]) -> tuple[Thread, ...]:
    names = list(wanted)
    rows = ConsoleMessageRow
    in_them = (rows.channel == channel, rows.thread.in_(names))
    ends = (
        select(
            rows.thread,
            func.min(rows.number).label("first"),
            func.max(rows.number).label("last"),
            func.count().label("size"),
        )
        .where(*in_them)
        .group_by(rows.thread)
        .subquery()
    )
    both = select(rows, ends.c.size).join(ends, rows.number.in_([ends.c.first, ends.c.last]))
    sizes: dict[str, int] = {}
    messages: dict[str, list[ConsoleMessageRow]] = {}
    for row, size in await tx.execute(both.where(*in_them).order_by(rows.number)):
        sizes[row.thread] = size
        messages.setdefault(row.thread, []).append(row)
    return tuple(
        Thread(messages[name][0], sizes[name] - 1, messages[name][-1] if sizes[name] > 1 else None)
        for name in names
        if name in messages
    )


async def thread_messages(
    tx: AsyncSession, channel: str, thread: str, *, limit: int = 500
) -> Sequence[ConsoleMessageRow]:
    """A thread's messages in order."""
    rows = ConsoleMessageRow
    query = select(rows).where(rows.channel == channel, rows.thread == thread).order_by(rows.number)
    return (await tx.execute(query.limit(limit))).scalars().all()


async def changed_since(
    tx: AsyncSession, channels: Iterable[str], since: datetime
) -> Sequence[ConsoleMessageRow]:
    """Messages of these channels that were posted or edited after `since`, in order."""
    rows = ConsoleMessageRow
    newer = or_(rows.created > since, rows.edited > since)
    query = select(rows).where(rows.channel.in_(list(channels)), newer)
    return (await tx.execute(query.order_by(rows.number))).scalars().all()


async def newest_numbers(tx: AsyncSession, channels: Iterable[str], not_by: str) -> dict[str, int]:
    """For each channel the number of its newest message by somebody else: what unread marks compare with."""
    rows = ConsoleMessageRow
    query = select(rows.channel, func.max(rows.number)).where(
        rows.channel.in_(list(channels)), rows.author != not_by
    )
    return dict((await tx.execute(query.group_by(rows.channel))).all())


async def working_threads(tx: AsyncSession, channels: Iterable[str]) -> frozenset[tuple[str, str]]:
    """Threads (channel, thread) in which a turn is under way."""
    channel = InboxRow.place["channel"].astext
    query = select(channel, InboxRow.place["thread"].astext).where(
        InboxRow.platform == "console", InboxRow.state == "stored", channel.in_(list(channels))
    )
    return frozenset((name, thread) for name, thread in (await tx.execute(query)))
