"""Checkpoints leave the database: once a day to a channel where many keep a copy, and each to a URL outside."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import outbox
from bot.platforms.adapter import Adapter
from governance.audit.publication import Hook, NotPublished
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


PATIENCE_SECONDS = 5.0


def webhook(url: str) -> Hook:
    """A publication hook that posts notes to `url`; anything but a 2xx answer is tried again later."""

    async def post(tenant: str, note: str) -> None:
        import httpx  # a tenth of a second that most installations need not wait for

        try:
            async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
                answer = await client.post(
                    url,
                    content=note,
                    headers={"content-type": "text/plain; charset=utf-8", "x-countersign-tenant": tenant},
                )
        except httpx.HTTPError as failed:
            raise NotPublished(type(failed).__name__) from failed
        if not answer.is_success:
            raise NotPublished(f"status {answer.status_code}")

    return post
