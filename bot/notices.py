"""Posting notices: each is turned into a card where its people are, or in its thread."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import outbox
from bot.desks import Desks
from bot.platforms.adapter import Adapter
from bot.wire import place_from_json
from governance.directory import NoSuchPerson, person_by_id
from governance.people import Person
from governance.places import Place
from handlers.conversation import memory
from handlers.conversation.audience import must_be_direct
from handlers.notices import NoticeKind
from storage.database import Database
from storage.notices import NoticeRow

_log = structlog.get_logger()


class Notices:
    """Posts notices for one process."""

    def __init__(
        self,
        database: Database,
        kinds: Mapping[str, NoticeKind],
        desks: Desks,
        adapters: Mapping[str, Adapter],
    ) -> None:
        self._database = database
        self._kinds = kinds
        self._desks = desks
        self._adapters = adapters

    async def post(self, tenant: str, notice: str) -> None:
        """Put a stored notice into the outbox, once."""
        async with self._database.transaction(tenant) as tx:
            unposted = select(NoticeRow).where(NoticeRow.id == notice, NoticeRow.posted.is_(None))
            row = (await tx.execute(unposted.with_for_update())).scalar()
            if row is None:
                return
            for place, person in await self._places(tx, row):
                await self._put(tx, row, place, person)
            row.posted = datetime.now(UTC)

    async def _places(self, tx: AsyncSession, row: NoticeRow) -> list[tuple[Place, Person | None]]:
        places: list[tuple[Place, Person | None]] = []
        if row.place is not None:
            places.append((place_from_json(row.place), None))
        for person_id in row.people:
            try:
                person = await person_by_id(tx, person_id)
            except NoSuchPerson:
                _log.warning("notice_for_nobody", person=person_id, kind=row.kind)
                continue
            places += [(place, person) for place in await self._direct(tx, row, person)]
        return places

    async def _direct(self, tx: AsyncSession, row: NoticeRow, person: Person) -> list[Place]:
        """Where a person hears of it: the conversation that has a card with this key already, or a new one."""
        places: list[Place] = []
        only_edits = self._kinds[row.kind].only_edits
        for adapter in self._adapters.values():
            fresh = await adapter.direct(tx, person)
            known = fresh and await outbox.place_of(tx, row.ids.get("key"), fresh)
            if known is not None:
                places.append(known)
            elif fresh is not None and not only_edits:
                places.append(fresh)
        return places

    async def _put(self, tx: AsyncSession, row: NoticeRow, place: Place, person: Person | None) -> None:
        remembered = await memory.recall(tx, place.key)
        desk = await self._desks.desk(tx, remembered)
        reply = await self._kinds[row.kind].render(desk, row.ids, person)
        if reply is None:
            return
        if person is None and must_be_direct(place, reply, row.kind):
            return  # the people named in the notice hear of it directly
        await outbox.put(tx, place, reply, turn=row.turn)
        await memory.keep(tx, remembered)
