"""Checkpoints in a channel: once a day the newest signed note is posted where many people keep a copy."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import outbox
from bot.platforms.adapter import Adapter
from governance.audit.tables import CheckpointRow
from governance.places import Place
from handlers.conversation.cards import Card, Quote, Reply, Text
from storage.database import Database


async def post_checkpoint(database: Database, tenant: str, adapter: Adapter, channel: str) -> bool:
    """Put the newest checkpoint into the outbox. Returns whether there was one, and such a channel."""
    async with database.statements(tenant) as session:
        place = await adapter.channel(session, channel.removeprefix("#"))
    if place is None:
        return False
    async with database.transaction(tenant) as tx:
        return await _put(tx, place)


async def _put(tx: AsyncSession, place: Place) -> bool:
    newest = select(CheckpointRow.note, CheckpointRow.size).order_by(CheckpointRow.size.desc()).limit(1)
    row = (await tx.execute(newest)).one_or_none()
    if row is None:
        return False
    text = f"The audit log today: {row.size} entries, signed. Keep this: it shows a log that was cut short."
    card = Card("Today's checkpoint of the audit log", (Text((text,)), Quote(row.note, "signed note")))
    await outbox.put(tx, place, Reply(text=text, cards=(card,)), turn=None)
    return True
