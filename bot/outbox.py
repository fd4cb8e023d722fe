"""The outbox: what is to be posted, written with what it is about and posted after the commit."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.platforms.adapter import Adapter, PostFailed
from bot.tables import OutboxRow
from bot.wire import form_to_json, place_from_json, place_to_json, reply_from_json, reply_to_json, with_tokens
from governance.places import Place
from handlers.conversation.cards import Button, Reply
from storage import direct
from storage.database import Database, speaks_in_statements
from storage.jobs import defer, is_put_off, without_jobs

_log = structlog.get_logger()

NOT_SHOWN = Reply(
    text="One message to this thread could not be shown: something went wrong on my side. What it was about"
    " stands as it stood; ask me “status” to see how. Whoever runs Countersign finds the fault in the log."
)

_LOOK = 20
"""Messages of a thread that are looked at together."""

_PUT = """
    WITH message AS (
        INSERT INTO outbox (id, platform, thread, place, reply, key, turn, attempted)
        VALUES (%(id)s, %(platform)s, %(thread)s, %(place)s, %(reply)s, %(key)s, %(turn)s, %(attempted)s)
    )
    INSERT INTO buttons (outbox, token, verb, subject, form)
    SELECT %(id)s, button.*
    FROM jsonb_to_recordset(%(buttons)s) AS button (token text, verb text, subject text, form jsonb)
"""

_WAITING = """
    SELECT id, number, key, turn, place, reply, created, attempted FROM outbox
    WHERE thread = %(thread)s AND state = 'waiting' ORDER BY number LIMIT %(look)s
"""

_WAITING_LOCKED = f"{_WAITING} FOR UPDATE"

_ATTEMPTED = "UPDATE outbox SET attempted = clock_timestamp() WHERE id = %(id)s"

_NOT_ATTEMPTED = "UPDATE outbox SET attempted = NULL WHERE id = %(id)s"

_SUPERSEDED = "UPDATE outbox SET state = 'superseded' WHERE id = ANY(%(ids)s)"

_FAILED = "UPDATE outbox SET state = 'failed', failure = %(why)s WHERE id = %(id)s"

_POSTED = """
    UPDATE outbox SET state = 'posted', message = %(message)s, posted = clock_timestamp() WHERE id = %(id)s
"""

_POSTED_AND_REMEMBERED = f"""
    WITH remembered AS (
        INSERT INTO posted_messages (thread, key, message) VALUES (%(thread)s, %(key)s, %(message)s)
        ON CONFLICT (tenant, thread, key) DO UPDATE SET message = excluded.message
    )
    {_POSTED}
"""  # noqa: S608 - of constants

_MESSAGE_OF = "SELECT message FROM posted_messages WHERE thread = %(thread)s AND key = %(key)s"

_STUCK = "SELECT DISTINCT thread FROM outbox WHERE state = 'waiting' AND created < %(before)s"

_FIRST = """
    SELECT id, place, reply ->> 'text' FROM outbox
    WHERE thread = %(thread)s AND state = 'waiting' ORDER BY number LIMIT 1 FOR UPDATE
"""

_LEFT = "SELECT DISTINCT thread FROM outbox WHERE turn = %(turn)s AND state = 'waiting'"


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A message that waits. `turn` is the one that it answers; `place` and `reply` are JSON."""

    id: str
    number: int
    key: str | None
    turn: str | None
    place: dict[str, Any]
    reply: dict[str, Any]
    created: datetime
    attempted: datetime | None


async def put(tx: AsyncSession, place: Place, reply: Reply, *, turn: str | None) -> None:
    """Store a reply, and queue its posting for when `tx` commits."""
    await _put(tx, place, reply, turn=turn, attempted=None)
    await _queue(tx, place.key, turn)


async def put_for_turn(tx: AsyncSession, place: Place, reply: Reply, *, turn: str) -> str:
    """Store a turn's answer, which the turn's own worker posts right after the commit: see `post_turn`.

    That is as good as begun, and on record as such. Returns the thread.
    """
    await _put(tx, place, reply, turn=turn, attempted=datetime.now(UTC))
    return place.key


async def post_thread(database: Database, tenant: str, thread: str, adapters: Mapping[str, Adapter]) -> None:
    """Post what waits for a thread, in order. Runs under the thread's posting lock.

    Each message is posted and recorded by itself; a worker killed between the platform's answer and the record
    posts again with the same key, and is told that it does. A message that the platform will never take is
    marked failed, and the next one goes out; one it will take later is tried again then. Of several waiting
    edits of one message the last alone is made.
    """
    adapter = _adapter(adapters, thread)
    more = True
    while more:
        async with _posting(database, tenant, thread, adapter) as tx:
            waiting = await _waiting(tx, thread)
            if not waiting:
                return
            again = waiting[0].attempted is not None
            if not again and not adapter.posts_with_commit:
                # Put on record before it is made: after a crash nobody else knows.
                await direct.run(tx, _ATTEMPTED, {"id": waiting[0].id})
            more = await _post_first(tx, thread, waiting, adapter, again=again)


async def post_turn(
    database: Database, tenant: str, turn: str, thread: str, adapters: Mapping[str, Adapter]
) -> None:
    """Post what `turn` has just put into a thread, without a job.

    Where something else waits there, it goes first or has been put off: the thread's own job is left to it.
    """
    adapter = _adapter(adapters, thread)
    more = True
    while more:
        async with _posting(database, tenant, thread, adapter) as tx:
            waiting = await _waiting(tx, thread)
            if not waiting:
                return
            if any(message.turn != turn for message in waiting):
                await _queue(tx, thread, turn)
                return
            more = await _post_first(tx, thread, waiting, adapter, again=False)


async def give_up_first(tx: AsyncSession, thread: str) -> None:
    """Mark the message that a thread's posting breaks at as failed, say so in its stead, and let the rest go.

    What says so breaks at nothing of the message: only its place is read, and where that is broken too, nothing
    is said.
    """
    row = await direct.row(tx, _FIRST, {"thread": thread})
    if row is None:
        return
    message, place, said = row
    await direct.run(tx, _FAILED, {"id": message, "why": "It could not be put into the platform's words."})
    _log.error("post_given_up", thread=thread, message=message)
    if said == NOT_SHOWN.text:
        await _queue(tx, thread, None)
        return
    try:
        where = place_from_json(place)
    except (KeyError, TypeError, ValueError):
        await _queue(tx, thread, None)
        return
    await put(tx, where, NOT_SHOWN, turn=None)


async def queue_rest_of(tx: AsyncSession, turn: str) -> None:
    """Queue the posting of what a turn left waiting: its worker died, or lost the database, before that."""
    for (thread,) in await direct.rows(tx, _LEFT, {"turn": turn}):
        await _queue(tx, thread, turn)


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


async def queue_stuck(tx: AsyncSession, now: datetime) -> None:
    """Queue the posting of what has waited for over a minute though no job is to post it."""
    waiting = await direct.rows(tx, _STUCK, {"before": now - timedelta(minutes=1)})
    threads = {_lock(thread): thread for (thread,) in waiting}
    for lock in await without_jobs(tx, threads):
        await _queue(tx, threads[lock], None)


async def _put(
    tx: AsyncSession, place: Place, reply: Reply, *, turn: str | None, attempted: datetime | None
) -> None:
    tokened, buttons = with_tokens(reply)
    message = f"ou_{secrets.token_hex(8)}"
    values = {
        "id": message,
        "platform": place.platform,
        "thread": place.key,
        "place": direct.Jsonb(place_to_json(place)),
        "reply": direct.Jsonb(reply_to_json(tokened)),
        "key": reply.key or (message if buttons else None),
        "turn": turn,
        "attempted": attempted,
        "buttons": direct.Jsonb([_button_to_json(button) for button in buttons]),
    }
    await direct.run(tx, _PUT, values)


def _button_to_json(button: Button) -> dict[str, Any]:
    form = form_to_json(button.form) if button.form else None
    return {"token": button.token, "verb": button.verb, "subject": button.subject, "form": form}


async def _queue(tx: AsyncSession, thread: str, turn: str | None, at: datetime | None = None) -> None:
    args = {"thread": thread} | ({"turn": turn} if turn else {})
    await defer(tx, "post", args, lock=_lock(thread), at=at)


def _lock(thread: str) -> str:
    return f"post:{thread}"


def _adapter(adapters: Mapping[str, Adapter], thread: str) -> Adapter:
    return adapters[thread.partition(":")[0]]


@asynccontextmanager
async def _posting(
    database: Database, tenant: str, thread: str, adapter: Adapter
) -> AsyncIterator[AsyncSession]:
    """Where a thread's messages are posted, by nobody else meanwhile: with the commit where the platform is
    this database itself, otherwise with no transaction open, for the platform may take seconds."""
    if adapter.posts_with_commit:
        async with database.transaction(tenant) as tx:
            yield tx
        return
    async with database.statements(tenant, alone=_lock(thread)) as session:
        yield session


async def _waiting(tx: AsyncSession, thread: str) -> Sequence[_Waiting]:
    """What waits, in order; edits that a later one overtook are left out.

    The first of a message stays, though it will be edited at once: it is what gives it its place.
    What comes after this look has a job of its own.
    """
    # A row lock would end with its own statement where no transaction is open: nobody else posts here then.
    query = _WAITING if speaks_in_statements(tx) else _WAITING_LOCKED
    rows = [_Waiting(*row) for row in await direct.rows(tx, query, {"thread": thread, "look": _LOOK})]
    first = {row.key: row.number for row in reversed(rows)}
    last = {row.key: row.number for row in rows}
    overtaken = [row.id for row in rows if row.key and first[row.key] < row.number < last[row.key]]
    if overtaken:
        await direct.run(tx, _SUPERSEDED, {"ids": overtaken})
    return [row for row in rows if row.id not in overtaken]


async def _post_first(
    tx: AsyncSession, thread: str, waiting: Sequence[_Waiting], adapter: Adapter, *, again: bool
) -> bool:
    """Post the first of what waits. Returns whether to go on with the next."""
    message = waiting[0]
    try:
        await _post(tx, thread, message, adapter, again=again)
    except PostFailed as failed:
        if failed.is_certain and not again:  # an earlier attempt may have got through all the same
            await direct.run(tx, _NOT_ATTEMPTED, {"id": message.id})
        if failed.retry_after is not None:
            # One try to come is enough, however many jobs find that it is to wait.
            if not await is_put_off(tx, _lock(thread)):
                later = datetime.now(UTC) + _patience(message, failed.retry_after)
                await _queue(tx, thread, message.turn, at=later)
            return False
        await direct.run(tx, _FAILED, {"id": message.id, "why": str(failed)})
        _log.warning("post_given_up", thread=thread, message=message.id, why=str(failed))
    return len(waiting) > 1


def _patience(message: _Waiting, retry_after: float) -> timedelta:
    """As long as the platform asks for; where it does not say, longer the longer it has been away."""
    waited = (datetime.now(UTC) - message.created).total_seconds()
    return timedelta(seconds=retry_after or min(max(waited / 4, 0.5), 30.0))


async def _post(tx: AsyncSession, thread: str, row: _Waiting, adapter: Adapter, *, again: bool) -> None:
    place = place_from_json(row.place)
    reply = reply_from_json(row.reply)
    names = {"thread": thread, "key": row.key}
    edited = await direct.row(tx, _MESSAGE_OF, names) if row.key else None
    edits = None if edited is None else edited[0]
    message = await adapter.post(tx, place, reply, edits=edits, key=row.id, again=again)
    remembers = row.key and message != edits
    posted = _POSTED_AND_REMEMBERED if remembers else _POSTED
    await direct.run(tx, posted, names | {"id": row.id, "message": message})
