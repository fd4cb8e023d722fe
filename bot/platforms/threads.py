"""Threads that Countersign begins: named by us until the platform gives their first message an id."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms.tables import PlatformThreadRow

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
