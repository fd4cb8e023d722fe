"""The embedded calendar: a `Calendar` over our own rows.

Locks: an effect takes the department's calendar first (one advisory lock), so that of two who book one person
at one time one is told so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Grant
from governance.department_rows import read_department
from integrations import Embedded
from integrations.calendar import MOST_EVENTS, Busy, CalendarError, Draft, Event, Guest, Span
from integrations.calendar.vendors.local.tables import EventChangeRow, EventRow
from storage.database import Database

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext(current_setting('app.tenant') || ' calendar'))")


_AT_ONCE = 2_000


class LocalCalendar(Embedded):
    """A `Calendar`. It tells nobody: invitations go by mail."""

    title = "Countersign's own calendar"
    invites = False
    keeps_cancelled = True

    def __init__(self, database: Database, tenant: str) -> None:
        self._database, self._tenant = database, tenant

    async def busy(self, addresses: tuple[str, ...], span: Span) -> Sequence[Busy]:
        async with self._database.transaction(self._tenant) as tx:
            rows = await _within(tx, addresses, span)
        return [
            Busy(one, tuple(_span(row) for row in rows if one.casefold() in row.addresses)) for one in addresses
        ]

    async def events(self, address: str, span: Span) -> Sequence[Event]:
        async with self._database.transaction(self._tenant) as tx:
            return [_event(row) for row in await _within(tx, (address,), span)]

    async def create_event(self, grant: Grant, draft: Draft) -> Event:
        async def create(tx: AsyncSession) -> EventRow:
            if await _row(tx, draft.id) is not None:
                raise CalendarError("There is a meeting of this id already")
            row = EventRow(id=draft.id, sequence=0, cancelled=False)
            _fill(row, draft)
            tx.add(row)
            return row

        return await self._once(grant, create)

    async def change_event(self, grant: Grant, draft: Draft, sequence: int) -> Event:
        async def change(tx: AsyncSession) -> EventRow:
            row = await _standing(tx, draft.id)
            _fill(row, draft)
            row.sequence = sequence
            return row

        return await self._once(grant, change)

    async def cancel_event(self, grant: Grant, meeting: str, sequence: int, reason: str) -> Event:
        async def cancel(tx: AsyncSession) -> EventRow:
            row = await _standing(tx, meeting)
            row.cancelled, row.sequence = True, sequence
            return row

        return await self._once(grant, cancel)

    async def what_happened(self, grant: str) -> Event | None:
        async with self._database.transaction(self._tenant) as tx:
            return await _of_grant(tx, grant)

    async def forget_old(self, now: datetime) -> None:
        """Delete a batch of the meetings that have been over for longer than the department keeps them."""
        async with self._database.transaction(self._tenant) as tx:
            before = now - timedelta(days=(await read_department(tx)).retention.meetings)
            over = select(EventRow.id).where(EventRow.starts < before, EventRow.ends < before)
            batch = over.order_by(EventRow.starts).limit(_AT_ONCE).with_for_update(skip_locked=True)
            ids = (await tx.execute(batch)).scalars().all()
            await tx.execute(delete(EventChangeRow).where(EventChangeRow.event.in_(ids)))
            await tx.execute(delete(EventRow).where(EventRow.id.in_(ids)))

    async def _once(self, grant: Grant, do: Callable[[AsyncSession], Awaitable[EventRow]]) -> Event:
        async with self._database.transaction(self._tenant) as tx:
            await tx.execute(_ONE_AT_A_TIME)
            if (done := await _of_grant(tx, grant.id)) is not None:
                return done
            row = await do(tx)
            await tx.flush()
            tx.add(EventChangeRow(grant_id=grant.id, event=row.id))
            return _event(row)


async def _row(tx: AsyncSession, meeting: str) -> EventRow | None:
    return (await tx.execute(select(EventRow).where(EventRow.id == meeting))).scalar()


async def _standing(tx: AsyncSession, meeting: str) -> EventRow:
    row = await _row(tx, meeting)
    if row is None or row.cancelled:
        raise CalendarError("The meeting is not in the calendar any more")
    return row


async def _of_grant(tx: AsyncSession, grant: str) -> Event | None:
    query = select(EventRow).join(
        EventChangeRow, (EventChangeRow.tenant == EventRow.tenant) & (EventChangeRow.event == EventRow.id)
    )
    row = (await tx.execute(query.where(EventChangeRow.grant_id == grant))).scalar()
    return None if row is None else _event(row)


async def _within(tx: AsyncSession, addresses: Sequence[str], span: Span) -> Sequence[EventRow]:
    wanted = [one.casefold() for one in addresses]
    query = select(EventRow).where(
        EventRow.starts < span.ends,
        EventRow.ends > span.starts,
        ~EventRow.cancelled,
        EventRow.addresses.overlap(wanted),
    )
    most = MOST_EVENTS * max(len(wanted), 1)
    return (await tx.execute(query.order_by(EventRow.starts, EventRow.id).limit(most))).scalars().all()


def _fill(row: EventRow, draft: Draft) -> None:
    row.title, row.zone, row.about = draft.title, draft.zone, draft.about
    row.starts, row.ends = draft.span.starts, draft.span.ends
    row.organiser = asdict(draft.organiser)
    row.guests = [asdict(guest) for guest in draft.guests]
    row.addresses = [guest.address.casefold() for guest in draft.guests]
    row.pre_read = None if draft.pre_read is None else asdict(draft.pre_read)


def _span(row: EventRow) -> Span:
    return Span(row.starts, row.ends)


def _event(row: EventRow) -> Event:
    guests = tuple(Guest(**guest) for guest in row.guests)
    return Event(row.id, row.title, _span(row), guests, row.sequence, row.cancelled)
