"""Who reads along in a channel: the platform's own facts and the department's file, the narrower counts."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms.tables import PlatformChannelRow, PlatformThreadRow
from governance.department import Department
from governance.places import Audience

BELIEVED_FOR = timedelta(minutes=5)
"""How long what a platform said of a channel is believed; events about it are quicker."""


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """A channel as its platform describes it. `has_outsiders`: guests, other companies, or not known."""

    name: str
    is_direct: bool = False
    is_private: bool = False
    has_outsiders: bool = False


def audience_of(facts: ChannelFacts, department: Department) -> Audience:
    """Who reads along.

    Outsiders make a channel public whatever the file says. A channel that everybody in the company may
    join is never restricted. A channel that the file does not name is public.
    """
    if facts.is_direct:
        return Audience.DIRECT
    if facts.has_outsiders:
        return Audience.PUBLIC
    named = department.audience_of(facts.name)
    if named is Audience.RESTRICTED and not facts.is_private:
        return Audience.DEPARTMENT
    return named


async def believed(tx: AsyncSession, platform: str, channel: str, now: datetime) -> Audience | None:
    """The audience of a channel as worked out lately; None if the platform is to be asked."""
    row = PlatformChannelRow
    query = select(row.audience).where(
        row.platform == platform, row.channel == channel, row.checked > now - BELIEVED_FOR
    )
    found = (await tx.execute(query)).scalar()
    return None if found is None else Audience(found)


async def believed_to_be_in(tx: AsyncSession, platform: str, channel: str) -> bool:
    """Whether the bot is known to be in a channel, and so can speak there."""
    row = PlatformChannelRow
    query = select(row.channel).where(row.platform == platform, row.channel == channel)
    return (await tx.execute(query)).scalar() is not None


async def forget(tx: AsyncSession, platform: str, channel: str) -> None:
    """What is known of a channel is out of date: it was renamed, shared, or somebody joined."""
    row = PlatformChannelRow
    await tx.execute(
        update(row)
        .where(row.platform == platform, row.channel == channel)
        .values(checked=datetime(1970, 1, 1, tzinfo=UTC))
    )


async def keep(
    tx: AsyncSession, platform: str, channel: str, name: str, audience: Audience, now: datetime
) -> None:
    """Remember a channel's name and audience."""
    values = {"name": name[:200], "audience": audience.value, "checked": now}
    row = insert(PlatformChannelRow).values(platform=platform, channel=channel, **values)
    await tx.execute(row.on_conflict_do_update(index_elements=["tenant", "platform", "channel"], set_=values))


async def channel_named(tx: AsyncSession, platform: str, name: str) -> tuple[str, Audience] | None:
    """A channel that was seen under this name (without `#`), and its audience."""
    row = PlatformChannelRow
    query = select(row.channel, row.audience).where(row.platform == platform, row.name == name)
    found = (await tx.execute(query.order_by(row.checked.desc()).limit(1))).one_or_none()
    return None if found is None else (found.channel, Audience(found.audience))


_NEW = "new-"


def new_thread() -> str:
    """A name for a thread that has no message yet."""
    return f"{_NEW}{secrets.token_hex(8)}"


def is_ours(thread: str) -> bool:
    """Whether this is a name of ours, not the platform's."""
    return thread.startswith(_NEW)


async def message_of(tx: AsyncSession, platform: str, channel: str, thread: str) -> str | None:
    """The platform's id of a thread's first message; None for one of ours that has none yet."""
    if not is_ours(thread):
        return thread
    row = PlatformThreadRow
    query = select(row.message).where(row.platform == platform, row.channel == channel, row.thread == thread)
    return (await tx.execute(query)).scalar()


async def began(tx: AsyncSession, platform: str, channel: str, thread: str, message: str) -> None:
    """A thread's first message was posted, as `message`."""
    row = insert(PlatformThreadRow).values(platform=platform, channel=channel, thread=thread, message=message)
    await tx.execute(row.on_conflict_do_nothing())


async def thread_of(tx: AsyncSession, platform: str, channel: str, message: str) -> str:
    """The name of the thread that this message began: ours if it was us, else the message's own id."""
    row = PlatformThreadRow
    query = select(row.thread).where(row.platform == platform, row.channel == channel, row.message == message)
    return (await tx.execute(query)).scalar() or message
