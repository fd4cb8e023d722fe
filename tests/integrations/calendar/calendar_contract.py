"""What every vendor's calendar keeps to. Its fixtures are `calendar` and `Sees`, a second look at the same
calendar."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from governance.action import Grant
from integrations.calendar import Calendar, CalendarError, Draft, Guest, Span

AT = datetime(2026, 12, 7, 15, tzinfo=UTC)
DAY = Span(AT - timedelta(hours=12), AT + timedelta(hours=12))
AMANDA = Guest("Amanda Reyes-Holt", "amanda@example.com")
TOM = Guest("Tom Okafor", "tom@example.com")
SARAH = Guest("Sarah “the” Lindholt; architect, senior", "sarah@example.com")


def grant() -> Grant:
    """A leave of its own."""
    return Grant(f"gr_{uuid.uuid4().hex[:12]}", "acme", "ef_1", "0" * 64, 1, AT - timedelta(days=5))


def draft(hour: int = 0, *guests: Guest) -> Draft:
    """A meeting of an hour, so many hours later."""
    starts = AT + timedelta(hours=hour)
    return Draft(
        f"mt_{uuid.uuid4().hex[:12]}",
        "Design review: payments; split, part\u202f2",
        Span(starts, starts + timedelta(hours=1)),
        "America/New_York",
        AMANDA,
        guests or (AMANDA, TOM),
        "About the split.\nTwo lines.",
    )


class CalendarContract:
    @pytest.fixture
    def calendar(self) -> Calendar:
        raise NotImplementedError

    async def test_a_meeting_takes_the_time_of_everybody_in_it(self, calendar: Calendar) -> None:
        one = draft(0, AMANDA, TOM)
        made = await calendar.create_event(grant(), one)
        assert (made.id, made.span, made.cancelled) == (one.id, one.span, False)
        busy = await calendar.busy((SARAH.address, TOM.address, "Amanda@example.com"), DAY)
        assert [each.address for each in busy] == [SARAH.address, TOM.address, "Amanda@example.com"]
        assert (busy[0].spans, busy[1].spans) == ((), (one.span,))

    async def test_it_is_made_once_however_often_its_grant_comes(self, calendar: Calendar) -> None:
        one, leave = draft(), grant()
        assert await calendar.what_happened(leave.id) is None
        first = await calendar.create_event(leave, one)
        again = await calendar.create_event(leave, one)
        assert (first.id, again.id) == (one.id, one.id)
        assert len(await calendar.events(TOM.address, DAY)) == 1
        found = await calendar.what_happened(leave.id)
        assert found is not None
        assert (found.id, found.span, found.title) == (one.id, one.span, one.title)
        assert await calendar.what_happened(grant().id) is None

    async def test_it_gets_another_time_and_other_people(self, calendar: Calendar) -> None:
        one = draft()
        await calendar.create_event(grant(), one)
        moved = replace(one, span=draft(3).span, guests=(AMANDA, SARAH))
        leave = grant()
        for _ in range(2):
            changed = await calendar.change_event(leave, moved, 1)
            assert (changed.id, changed.span) == (one.id, moved.span)
        busy = await calendar.busy((TOM.address, SARAH.address), DAY)
        assert [each.spans for each in busy] == [(), (moved.span,)]
        (event,) = await calendar.events(SARAH.address, DAY)
        assert event.ours
        assert event.title == one.title
        assert SARAH in event.guests
        found = await calendar.what_happened(leave.id)
        assert found is not None
        assert found.span == moved.span

    async def test_cancelled_it_takes_nobodys_time_and_is_changed_no_more(self, calendar: Calendar) -> None:
        one, leave = draft(), grant()
        await calendar.create_event(grant(), one)
        for _ in range(2):
            assert (await calendar.cancel_event(leave, one.id, 1, "not needed")).cancelled
        assert await calendar.events(TOM.address, DAY) == []
        assert [each.spans for each in await calendar.busy((TOM.address,), DAY)] == [()]
        with pytest.raises(CalendarError):
            await calendar.change_event(grant(), one, 2)

    async def test_only_what_meets_the_time_asked_for_is_seen(self, calendar: Calendar) -> None:
        one = draft()
        await calendar.create_event(grant(), one)
        before = Span(one.span.starts - timedelta(hours=1), one.span.starts)
        after = Span(one.span.ends, one.span.ends + timedelta(hours=1))
        within = Span(one.span.starts + timedelta(minutes=10), one.span.starts + timedelta(minutes=20))
        for span, seen in ((before, 0), (after, 0), (within, 1)):
            assert len(await calendar.events(TOM.address, span)) == seen
            (busy,) = await calendar.busy((TOM.address,), span)
            assert len(busy.spans) == seen, span

    async def test_many_people_are_asked_for_at_once(self, calendar: Calendar) -> None:
        addresses = tuple(f"p{number}@example.com" for number in range(45))
        busy = await calendar.busy(addresses, DAY)
        assert tuple(each.address for each in busy) == addresses
