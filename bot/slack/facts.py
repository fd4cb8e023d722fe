"""The facts behind an answer that stands in Slack, found by the message that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms import threads
from bot.slack.addresses import HOME, PLATFORM, Address
from bot.tables import OutboxRow
from bot.wire import reply_from_json
from governance.facts import Fact


async def facts_behind(tx: AsyncSession, where: Address, container: Mapping[str, Any]) -> tuple[Fact, ...]:
    """The facts of the newest reply that this message (or App Home) shows; none if it shows none of ours."""
    message = str(container.get("message_ts") or HOME)
    channel = str(where)
    root = HOME if where.is_person else str(container.get("thread_ts") or message)
    thread = await threads.thread_of(tx, PLATFORM, channel, root)
    query = (
        select(OutboxRow.reply)
        .where(OutboxRow.thread == f"{PLATFORM}:{channel}:{thread}", OutboxRow.message.contains(message))
        .order_by(OutboxRow.number.desc())
        .limit(1)
    )
    reply = (await tx.execute(query)).scalar()
    return () if reply is None else reply_from_json(reply).facts
