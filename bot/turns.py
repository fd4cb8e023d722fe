"""Taking a turn: who speaks, what it wants of the outside world, then all that it changes in one transaction.

See `storage.look`: nothing is waited for while the transaction is open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import outbox
from bot.desks import Desks
from bot.platforms.adapter import Adapter, PlatformAway
from bot.readers import direct_conversation, shown_there
from bot.tables import ButtonRow, OutboxRow
from bot.wire import place_from_json
from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable
from governance.audit.log import record_as_named
from governance.audit.log_names import under_log_names
from governance.directory import by_identity
from governance.people import Person
from governance.places import Place
from handlers.conversation import memory
from handlers.conversation.answers import broke, did_not_answer
from handlers.conversation.audience import answered_directly, must_be_direct
from handlers.conversation.cards import Reply, with_rating
from handlers.conversation.outcome import Answer
from handlers.conversation.router import Router
from handlers.conversation.turn import Clicked, Said, Turn
from storage import direct
from storage.database import Database, speaks_in_statements, tenant_of
from storage.look import SECONDS, Away, Look, act
from storage.outage import is_database_away

_READ = "SELECT platform, identity, place, what, received FROM inbox WHERE id = %(id)s AND state = 'stored'"

_LOCKED = (
    "SELECT platform, identity, place, what, received FROM inbox"
    " WHERE id = %(id)s AND state = 'stored' FOR UPDATE"
)

_DONE = """
    UPDATE inbox SET state = 'done', finished = clock_timestamp(), intent = %(intent)s,
                     confidence = %(confidence)s
    WHERE id = %(id)s
"""

_FAILED = (
    "UPDATE inbox SET state = 'failed', finished = clock_timestamp(), failure = %(failure)s WHERE id = %(id)s"
)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the inbox holds of a turn that is to be taken."""

    turn: str
    platform: str
    identity: str
    place: dict[str, Any]
    what: dict[str, Any]
    received: datetime


class _NotMet(Exception):
    """Who speaks, or who reads along, is not known, or not any more: the platform is to be asked."""


class Turns:
    """Takes turns for one process."""

    def __init__(
        self,
        database: Database,
        router: Router,
        desks: Desks,
        adapters: Mapping[str, Adapter],
        *,
        begin: Callable[[str], None],
        look_seconds: float = SECONDS,
    ) -> None:
        """`begin` is told what was said as soon as it is known, to be beforehand with its meaning; all that a
        turn wants of the outside world has `look_seconds`."""
        self._look_seconds = look_seconds
        self._begin = begin
        self._database = database
        self._router = router
        self._desks = desks
        self._adapters = adapters

    async def take(self, tenant: str, turn: str) -> None:
        """Answer a stored turn, once. The answer, its audit entries and all that it set going commit
        together, so a turn whose process died is simply taken again.

        A fault of ours is answered as such; the database or the platform being away is left to the
        job's next try.
        """
        with structlog.contextvars.bound_contextvars(turn=turn, tenant=tenant):
            try:
                threads = await self._answer(tenant, turn)
            except Away as away:
                _log.warning("outside_did_not_answer", why=str(away))
                threads = await self._say_instead(tenant, turn, did_not_answer(away), str(away))
            except PlatformAway as away:
                _log.warning("turn_waits_for_platform", why=str(away))
                raise
            except Exception as fault:
                if is_database_away(fault):
                    raise
                _log.exception("turn_failed")
                threads = await self._say_instead(tenant, turn, broke(turn), type(fault).__name__)
            for thread in threads:
                await outbox.post_turn(self._database, tenant, turn, thread, self._adapters)

    async def _answer(self, tenant: str, turn: str) -> Sequence[str]:
        """Who speaks is known, mostly: the platform is asked only where the act finds that it must be."""
        look = Look(self._look_seconds)
        try:
            return await act(self._database, tenant, look, partial(self._take, turn, None))
        except _NotMet:
            place = await self._meet(tenant, turn)
        return await act(self._database, tenant, look, partial(self._take, turn, place))

    async def give_up(self, tenant: str, turn: str) -> None:
        """End a turn that could not even be apologised for. Where its place can be read, it is told there."""
        async with self._database.transaction(tenant) as tx:
            row = await _stored(tx, turn)
            if row is None:
                return
            await direct.run(tx, _FAILED, {"id": turn, "failure": "given up"})
            try:
                place = place_from_json(row.place)
            except (KeyError, TypeError, ValueError):
                _log.exception("turn_without_a_place", turn=turn)
                return
            await outbox.put(tx, place, broke(turn), turn=turn)

    async def _meet(self, tenant: str, turn: str) -> Place | None:
        """Find out who speaks and who reads along, for that may link the identity to its person. Returns the
        place with its audience; None where the turn is taken already."""
        async with self._database.statements(tenant) as session:
            row = await _stored(session, turn)
            if row is None:
                return None
            adapter = self._adapters[row.platform]
            return await adapter.introduce(session, row.identity, place_from_json(row.place))

    async def _take(self, turn_id: str, place: Place | None, tx: AsyncSession) -> Sequence[str]:
        """Returns the threads to which the answer goes, now that this worker is at it. Raises _NotMet, with
        nothing changed, where `place` is not given and its platform must be asked."""
        row = await _stored(tx, turn_id)
        if row is None:
            await outbox.queue_rest_of(tx, turn_id)
            return ()
        if row.what["kind"] == "said":
            self._begin(row.what["text"])
        adapter, said_in = self._adapters[row.platform], place_from_json(row.place)
        place = place or await adapter.introduced(tx, row.identity, said_in)
        if place is None:
            raise _NotMet
        speaker = by_identity(tenant_of(tx), row.identity)
        person, remembered = await direct.both(tx, speaker, memory.recalled(place.key))
        turn = await self._turn(tx, row, place, person)
        desk = await self._desks.desk(tx, remembered)
        answer = await self._router.answer(turn, desk)
        messages = [
            (place, await shown_there(tx, place, reply, desk, turn.person))
            for each in answer.replies
            for place, reply in await self._placed(tx, turn, each, answer.intent)
        ]
        if speaks_in_statements(tx):
            return ()  # a rehearsal: all that is wanted of the outside world was asked
        # Looked up here, for nothing may be asked in the block: whoever spoke, by their name in the log.
        entry = await under_log_names(tx, _entry(turn, answer))
        async with direct.together(tx):
            for place, reply in messages:
                await outbox.put_for_turn(tx, place, reply, turn=turn.id)
            await memory.keep(tx, remembered)
            await record_as_named(tx, entry)
            done = {"id": turn.id, "intent": answer.intent, "confidence": answer.confidence}
            await direct.run(tx, _DONE, done)
        _log.info("turn_taken", intent=answer.intent, refused=answer.refused is not None)
        return tuple(dict.fromkeys(place.key for place, _ in messages))

    async def _turn(self, tx: AsyncSession, row: _Stored, place: Place, person: Person | None) -> Turn:
        return Turn(
            tenant=tenant_of(tx),
            id=row.turn,
            identity=row.identity,
            person=person,
            place=place,
            at=row.received,
            what=await _what(tx, row.what),
        )

    async def _placed(
        self, tx: AsyncSession, turn: Turn, reply: Reply, intent: str | None
    ) -> list[tuple[Place, Reply]]:
        """A reply, and what is said in its stead where too many read along, with where each belongs."""
        asks = self._adapters[turn.place.platform].asks_for_ratings
        if asks and isinstance(turn.what, Said) and intent is not None:
            reply = with_rating(reply, turn.id)
        why = must_be_direct(turn.place, reply, intent)
        if why is None:
            return [(turn.place, reply)]
        to_them = await self._direct(tx, turn)
        if to_them is None:
            nowhere = Reply(text=f"I cannot answer that here, because {why}. Ask me in a direct message.")
            return [(turn.place, nowhere)]
        return [(to_them, reply), (turn.place, answered_directly(why))]

    async def _direct(self, tx: AsyncSession, turn: Turn) -> Place | None:
        if turn.person is None:
            return None
        return await direct_conversation(self._database, tx, self._adapters[turn.place.platform], turn.person)

    async def _say_instead(self, tenant: str, turn: str, reply: Reply, fault: str) -> Sequence[str]:
        """End a turn that left nothing behind with why."""
        async with self._database.transaction(tenant) as tx:
            row = await _stored(tx, turn)
            if row is None:
                return ()
            await direct.run(tx, _FAILED, {"id": turn, "failure": fault})
            return [await outbox.put_for_turn(tx, place_from_json(row.place), reply, turn=turn)]


async def _stored(tx: AsyncSession, turn: str) -> _Stored | None:
    """The turn, this worker's alone until `tx` ends; where nothing is changed it needs no lock."""
    found = await direct.row(tx, _READ if speaks_in_statements(tx) else _LOCKED, {"id": turn})
    return None if found is None else _Stored(turn, *found)


async def _what(tx: AsyncSession, stored: dict[str, Any]) -> Said | Clicked:
    if stored["kind"] == "said":
        return Said(stored["text"], stored.get("overheard", False), stored.get("cut_from"))
    pressed = (
        await tx.execute(
            select(ButtonRow.verb, ButtonRow.subject, OutboxRow.message)
            .join(OutboxRow, OutboxRow.id == ButtonRow.outbox)
            .where(ButtonRow.token == stored["token"])
        )
    ).one_or_none()
    if pressed is None:
        return Clicked(verb="", subject="", message="")
    values = {
        name: tuple(value) if isinstance(value, list) else value for name, value in stored["values"].items()
    }
    return Clicked(pressed.verb, pressed.subject, pressed.message or "", values)


def _entry(turn: Turn, answer: Answer) -> Entry:
    what = turn.what
    words = isinstance(what, Said)
    details: dict[str, JsonValue] = {
        "said" if words else "pressed": what.text if isinstance(what, Said) else f"{what.verb} {what.subject}",
        "place": turn.place.key,
        "intent": answer.intent,
        "confidence": round(answer.confidence, 3),
        "answer": ["a personal summary" if reply.personal else reply.text for reply in answer.replies],
        "refused": answer.refused,
    }
    refused = answer.refused is not None
    nothing = NotApplicable(not_applicable=Absence.NOTHING_WAS_DONE if refused else Absence.NOTHING_CHANGES)
    return Entry(
        kind=EntryKind.REFUSAL if refused else EntryKind.TURN,
        type="turn.said" if words else "turn.clicked",
        actor=turn.actor,
        turn=turn.id,
        details=details,
        rationale=NotApplicable(not_applicable=Absence.NONE_GIVEN),
        approvals=NotApplicable(not_applicable=Absence.NO_APPROVAL_NEEDED),
        impact=nothing,
        rollback_plan=nothing,
        artifacts=NotApplicable(not_applicable=Absence.NO_ARTIFACTS),
    )
