"""Posting notices: each is turned into a card where its people are, or in its thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import outbox, shown
from bot.desks import Desks
from bot.platforms.adapter import Adapter, PlatformAway
from bot.platforms.reaching import direct_conversation
from bot.readers import shown_there
from bot.wire import place_from_json
from governance.directory import NoSuchPerson, person_by_id
from governance.people import Person
from governance.places import Place
from handlers.conversation import memory
from handlers.conversation.audience import must_be_direct
from handlers.conversation.memory import Memory
from handlers.notices import NoticeKind
from handlers.office.digests.quiet import QuietHours, quiet_hours_of
from storage.database import Database, speaks_in_statements
from storage.look import Look, act
from storage.notices import GIVEN_UP, NoticeRow, hold, tell_given_up

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
            await shown.bring_up_to_date(tx, row.ids["key"], kind.shown_by, reply, turn=row.turn)

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
