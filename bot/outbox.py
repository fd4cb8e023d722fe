"""The outbox: what is to be posted, written with what it is about and posted after the commit."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms.adapter import Adapter, PostFailed
from bot.tables import ButtonRow, OutboxRow, PostedMessageRow
from bot.wire import form_to_json, place_from_json, place_to_json, reply_from_json, reply_to_json, with_tokens
from governance.places import Place
from handlers.conversation.cards import Reply
from storage.database import Database
from storage.jobs import defer

_LOOK = 20
"""Messages of a thread that are looked at together."""


async def put(tx: AsyncSession, place: Place, reply: Reply, *, turn: str | None) -> str:
    """Store a reply for posting when `tx` commits. Returns its outbox id."""
    tokened, buttons = with_tokens(reply)
    outbox = f"ou_{secrets.token_hex(8)}"
    row = OutboxRow(
        id=outbox,
        platform=place.platform,
        thread=place.key,
        place=place_to_json(place),
        reply=reply_to_json(tokened),
        key=reply.key,
        turn=turn,
    )
    tx.add(row)
    await tx.flush()
    for button in buttons:
        form = form_to_json(button.form) if button.form else None
        tx.add(
            ButtonRow(token=button.token, outbox=outbox, verb=button.verb, subject=button.subject, form=form)
        )
    args = {"thread": place.key} | ({"turn": turn} if turn else {})
    await defer(tx, "post", args, lock=f"post:{place.key}")
    return outbox


async def post_thread(database: Database, tenant: str, thread: str, adapters: Mapping[str, Adapter]) -> None:
    """Post what waits for a thread, in order. Runs under the thread's posting lock.

    Each message is posted and recorded in a transaction of its own; a worker killed between the
    platform's answer and the record posts again with the same key, and is told that it does. A message
    that the platform will never take is marked failed, and the next one goes out; one it will take later
    is tried again then. Of several waiting edits of one message the last alone is made.
    """
    adapter = adapters[thread.partition(":")[0]]
    more = True
    while more:
        again = not adapter.posts_with_commit and await _is_attempted(database, tenant, thread)
        async with database.transaction(tenant) as tx:
            waiting = await _waiting(tx, thread)
            if not waiting:
                return
            row, more = waiting[0], len(waiting) > 1
            try:
                await _post(tx, row, adapter, again=again)
            except PostFailed as failed:
                row.attempted = None if failed.is_certain else row.attempted
                if failed.retry_after is not None:
                    later = datetime.now(UTC) + _patience(row, failed.retry_after)
                    await defer(tx, "post", {"thread": thread}, lock=f"post:{thread}", at=later)
                    return
                row.state, row.failure = "failed", str(failed)


async def place_of(tx: AsyncSession, key: str | None, near: Place) -> Place | None:
    """The thread in the channel of `near` in which a message with this key is or will be; None for none."""
    if key is None:
        return None
    query = select(OutboxRow.place).where(
        OutboxRow.key == key,
        OutboxRow.platform == near.platform,
        OutboxRow.place["channel"].astext == near.channel,
    )
    place = (await tx.execute(query.order_by(OutboxRow.number).limit(1))).scalar()
    return None if place is None else place_from_json(place)


async def stuck_threads(tx: AsyncSession, now: datetime) -> list[str]:
    """Threads in which something has waited for over a minute, though nothing says to wait."""
    waiting = select(OutboxRow.thread).where(
        OutboxRow.state == "waiting", OutboxRow.created < now - timedelta(minutes=1)
    )
    return list((await tx.execute(waiting.distinct())).scalars())


async def _is_attempted(database: Database, tenant: str, thread: str) -> bool:
    """Put on record that the next post is attempted, before it is: after a crash nobody else knows.

    Returns whether that was on record already.
    """
    async with database.transaction(tenant) as tx:
        for row in (await _waiting(tx, thread))[:1]:
            if row.attempted is not None:
                return True
            row.attempted = datetime.now(UTC)
    return False


async def _waiting(tx: AsyncSession, thread: str) -> Sequence[OutboxRow]:
    """What waits, in order; edits that a later one overtook are marked so and left out.

    The first of a message stays, though it will be edited at once: it is what gives it its place.
    What comes after this look has a job of its own.
    """
    query = select(OutboxRow).where(OutboxRow.thread == thread, OutboxRow.state == "waiting")
    rows = (await tx.execute(query.order_by(OutboxRow.number).limit(_LOOK).with_for_update())).scalars().all()
    first = {row.key: row.number for row in reversed(rows)}
    last = {row.key: row.number for row in rows}
    for row in rows:
        if row.key and first[row.key] < row.number < last[row.key]:
            row.state = "superseded"
    return [row for row in rows if row.state == "waiting"]


def _patience(row: OutboxRow, retry_after: float) -> timedelta:
    """As long as the platform asks for; where it does not say, longer the longer it has been away."""
    waited = (datetime.now(UTC) - row.created).total_seconds()
    return timedelta(seconds=retry_after or min(max(waited / 4, 0.5), 30.0))


async def _post(tx: AsyncSession, row: OutboxRow, adapter: Adapter, *, again: bool) -> None:
    place = place_from_json(row.place)
    reply = reply_from_json(row.reply)
    edits = await _message_of(tx, row.thread, row.key) if row.key else None
    message = await adapter.post(tx, place, reply, edits=edits, key=row.id, again=again)
    row.state, row.message, row.posted = "posted", message, datetime.now(UTC)
    if row.key and message != edits:
        posted = insert(PostedMessageRow).values(thread=row.thread, key=row.key, message=message)
        kept = ["tenant", "thread", "key"]
        await tx.execute(posted.on_conflict_do_update(index_elements=kept, set_={"message": message}))


async def _message_of(tx: AsyncSession, thread: str, key: str) -> str | None:
    query = select(PostedMessageRow.message).where(
        PostedMessageRow.thread == thread, PostedMessageRow.key == key
    )
    return (await tx.execute(query)).scalar()
