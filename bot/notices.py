"""Posting notices: each is turned into a card where its people are, or in its thread."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import outbox
from bot.desks import Desks
from bot.platforms.adapter import Adapter, PlatformAway
from bot.readers import direct_conversation, shown_there
from bot.wire import place_from_json, reply_from_json
from governance.directory import NoSuchPerson, person_by_id
from governance.people import Person
from governance.places import Place
from handlers.conversation import memory
from handlers.conversation.audience import must_be_direct
from handlers.conversation.cards import Buttons, Card, Rating, Reply
from handlers.conversation.memory import Memory
from handlers.notices import NoticeKind
from handlers.office.digests.quiet_hours import QuietHours, quiet_hours_of
from storage import direct
from storage.database import Database, speaks_in_statements
from storage.look import Look, act
from storage.notices import GIVEN_UP, NoticeRow, hold, tell_given_up

# In one order, whoever else brings messages up to date: two that wait for each other would wait for good.
_SHOWING = """
    SELECT DISTINCT message.thread, message.key
    FROM buttons JOIN outbox AS message ON message.id = buttons.outbox
    WHERE buttons.subject = %(subject)s AND buttons.verb = ANY(%(verbs)s) AND message.key IS NOT NULL
    ORDER BY message.thread, message.key
"""

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext(%(thread)s || ' ' || %(key)s))"

_LATEST = """
    SELECT place, reply FROM outbox
    WHERE thread = %(thread)s AND key = %(key)s AND state IN ('waiting', 'posted')
    ORDER BY number DESC LIMIT 1
"""


async def bring_up_to_date(
    tx: AsyncSession, subject: str, verbs: Collection[str], now: Reply, *, turn: str | None
) -> None:
    """Edit every message that has such a button about `subject`: the card with it becomes what `now` shows.

    What was said to one person alone, in a place that others read, cannot be edited and stays.
    """
    for thread, key in await direct.rows(tx, _SHOWING, {"subject": subject, "verbs": list(verbs)}):
        message = {"thread": thread, "key": key}
        await direct.run(tx, _ONE_AT_A_TIME, message)
        latest = await direct.row(tx, _LATEST, message)
        shown = None if latest is None else reply_from_json(latest[1])
        if shown is None or shown.aside is not None:
            continue
        changed = with_card(shown, subject, verbs, now)
        if changed != shown:
            await outbox.put(tx, place_from_json(latest[0]), replace(changed, key=key), turn=turn)


def with_card(shown: Reply, subject: str, verbs: Collection[str], now: Reply) -> Reply:
    """`shown` with what `now` shows in place of the cards that have such a button about `subject`."""
    cards: list[Card] = []
    for card in shown.cards:
        cards += _in_place_of(card, now) if _has_button(card, subject, verbs) else [card]
    if tuple(cards) == shown.cards:
        return shown
    text = shown.text if now.text in shown.text else f"{shown.text} {now.text}"
    return replace(shown, text=text, cards=tuple(cards))


def _in_place_of(card: Card, now: Reply) -> list[Card]:
    """The question whether the answer was useful is the message's own, and stays."""
    *before, last = now.cards
    ratings = tuple(block for block in card.blocks if isinstance(block, Rating))
    return [*before, replace(last, blocks=(*last.blocks, *ratings))]


def _has_button(card: Card, subject: str, verbs: Collection[str]) -> bool:
    return any(
        button.subject == subject and button.verb in verbs
        for block in card.blocks
        if isinstance(block, Buttons)
        for button in block.buttons
    )


_log = structlog.get_logger()


def _now() -> datetime:
    return datetime.now(UTC)


class Notices:
    """Posts notices for one process."""

    def __init__(
        self,
        database: Database,
        kinds: Mapping[str, NoticeKind],
        desks: Desks,
        adapters: Mapping[str, Adapter],
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._database = database
        self._kinds = kinds
        self._desks = desks
        self._adapters = adapters
        self._clock = clock

    async def post(self, tenant: str, notice: str) -> None:
        """Put a stored notice into the outbox, once; for those who have quiet hours, when they end."""
        await act(self._database, tenant, Look(), partial(self._post, notice))

    async def _post(self, notice: str, tx: AsyncSession) -> None:
        query = select(NoticeRow).where(NoticeRow.id == notice, NoticeRow.posted.is_(None))
        row = (await tx.execute(query if speaks_in_statements(tx) else query.with_for_update())).scalar()
        if row is None:
            return
        if row.place is not None:
            await self._put(tx, row, place_from_json(row.place), None)
        people = await _people(tx, row)
        quiet = await quiet_hours_of(tx, people)
        for person in people:
            await self._tell(tx, row, person, quiet.get(person.id))
        if self._kinds[row.kind].shown_by:
            await self._bring_up_to_date(tx, row)
        row.posted = self._clock()

    async def give_up(self, tenant: str, notice: str) -> None:
        """End a notice that cannot be shown; those whom it is for are told, in words that look nothing up."""
        async with self._database.transaction(tenant) as tx:
            unposted = select(NoticeRow).where(NoticeRow.id == notice, NoticeRow.posted.is_(None))
            row = (await tx.execute(unposted.with_for_update())).scalar()
            if row is None:
                return
            row.posted = self._clock()
            if row.kind != GIVEN_UP:
                plan = row.ids.get("plan")
                about = f" about the plan {plan}" if plan else ""
                await tell_given_up(
                    tx,
                    f"{row.kind}:{row.ids.get('key') or plan or row.id}",
                    f"I had something to tell you{about}, and could not put it into a message: something went"
                    " wrong on my side.",
                    "What it is about stands as it stood; ask me “status” to see how. Whoever runs Countersign"
                    " finds the fault in the log.",
                    place=row.place,
                    people=tuple(row.people),
                    plan=plan,
                    turn=row.turn,
                )

    async def _tell(self, tx: AsyncSession, row: NoticeRow, person: Person, quiet: QuietHours | None) -> None:
        found = await self._direct(tx, row, person)
        until = None if self._pierces(row, quiet) or quiet is None else quiet.until(self._clock())
        # Bringing a card up to date that somebody has disturbs nobody, and its buttons may be over.
        if until is not None and found and not any(has_card for _, has_card in found):
            await hold(tx, row, person.id, until)
            return
        for place, _ in found:
            await self._put(tx, row, place, person)

    def _pierces(self, row: NoticeRow, quiet: QuietHours | None) -> bool:
        urgent = self._kinds[row.kind].urgent
        return urgent == "incident" or (urgent == "blocker" and quiet is not None and quiet.blockers_pierce)

    async def _direct(self, tx: AsyncSession, row: NoticeRow, person: Person) -> list[tuple[Place, bool]]:
        """Where a person hears of it, and whether there is a card with this notice's key already: that
        conversation, or a new one. Where the person is on none of the notice's platforms any more, all.

        A platform that cannot be asked just now is passed over if they hear of it on another. Raises
        PlatformAway if they do not, or if it is the one that they want to hear of it on.
        """
        found: dict[str, tuple[Place, bool]] = {}
        away: dict[str, PlatformAway] = {}
        for name, adapter in self._adapters.items():
            try:
                fresh = await direct_conversation(self._database, tx, adapter, person)
            except PlatformAway as gone:
                _log.warning("notice_passes_platform_over", platform=name, notice=row.id, why=str(gone))
                away[name] = gone
                continue
            known = fresh and await outbox.place_of(tx, row.ids.get("key"), fresh)
            if known is not None:
                found[name] = (known, True)
            elif fresh is not None:
                found[name] = (fresh, False)
        chosen = [found[name] for name in found if name in row.platforms]
        waited_for = [away[name] for name in away if name in row.platforms or not found]
        if waited_for and not chosen:
            raise waited_for[0]
        return chosen or list(found.values())

    async def _bring_up_to_date(self, tx: AsyncSession, row: NoticeRow) -> None:
        kind = self._kinds[row.kind]
        reply = await kind.render(await self._desks.desk(tx, Memory(row.id)), row.ids, None)
        if reply is not None:
            await bring_up_to_date(tx, row.ids["key"], kind.shown_by, reply, turn=row.turn)

    async def _put(self, tx: AsyncSession, row: NoticeRow, place: Place, person: Person | None) -> None:
        remembered = await memory.recall(tx, place.key)
        desk = await self._desks.desk(tx, remembered)
        reply = await self._kinds[row.kind].render(desk, row.ids, person)
        if reply is None:
            return
        if person is None and must_be_direct(place, reply, row.kind):
            return  # the people named in the notice hear of it directly
        await outbox.put(tx, place, await shown_there(tx, place, reply, desk, person), turn=row.turn)
        await memory.keep(tx, remembered)


async def _people(tx: AsyncSession, row: NoticeRow) -> list[Person]:
    people: list[Person] = []
    for person in row.people:
        try:
            people.append(await person_by_id(tx, person))
        except NoSuchPerson:
            _log.warning("notice_for_nobody", person=person, kind=row.kind)
    return people
