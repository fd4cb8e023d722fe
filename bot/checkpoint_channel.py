"""Checkpoints in a channel: once a day the newest signed note is posted where many people keep a copy."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import outbox
from governance.audit.tables import CheckpointRow
from governance.department_rows import read_department
from governance.places import Place
from handlers.conversation.cards import Card, Quote, Reply, Text


async def post_checkpoint(tx: AsyncSession, platform: str, channel: str) -> bool:
    """Put the newest checkpoint into the outbox. Returns whether there was one."""
    newest = select(CheckpointRow.note, CheckpointRow.size).order_by(CheckpointRow.size.desc()).limit(1)
    row = (await tx.execute(newest)).one_or_none()
    if row is None:
        return False
    audience = (await read_department(tx)).audience_of(channel)
    place = Place(platform, channel, f"checkpoint-{secrets.token_hex(8)}", audience)
    text = f"The audit log today: {row.size} entries, signed. Keep this: it shows a log that was cut short."
    card = Card("Today's checkpoint of the audit log", (Text((text,)), Quote(row.note, "signed note")))
    await outbox.put(tx, place, Reply(text=text, cards=(card,)), turn=None)
    return True
