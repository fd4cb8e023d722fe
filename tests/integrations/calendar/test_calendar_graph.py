"""Calendars in Microsoft 365 keep the contract over the wire; what they do where Microsoft is in trouble."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from pydantic import SecretStr, ValidationError

from integrations import CannotTell
from integrations.calendar import Calendar, CalendarError, CalendarUnsure, PreRead
from integrations.calendar.vendors.graph import GraphCalendar, GraphCalendarSettings
from integrations.calendar.vendors.graph.answers import ItsEvent
from integrations.graph import Graph
from simulators.microsoft import FakeMicrosoft, serving
from tests.integrations.calendar.calendar_contract import DAY, TOM, CalendarContract, draft, grant


def settings(fake: FakeMicrosoft, **other: object) -> GraphCalendarSettings:
    given = {name.lower(): value for name, value in fake.settings.items()} | other
    return GraphCalendarSettings(_env_file=None, **given)  # type: ignore[call-arg, arg-type]


@pytest.fixture
async def microsoft() -> AsyncIterator[FakeMicrosoft]:
    async with serving() as fake:
        yield fake


@pytest.fixture
async def calendar(microsoft: FakeMicrosoft) -> AsyncIterator[GraphCalendar]:
    calendar = GraphCalendar(Graph(settings(microsoft)), online=True)
    yield calendar
    await calendar.close()


class TestGraphCalendar(CalendarContract):
    @pytest.fixture
    def calendar(self, calendar: Calendar) -> Calendar:
        return calendar


async def test_exchange_invites_and_gives_a_link(calendar: GraphCalendar, microsoft: FakeMicrosoft) -> None:
    made = await calendar.create_event(grant(), draft())
    assert made.link is not None
    assert made.link.startswith("https://teams.example.com/")
    assert {address for address, what, _ in microsoft.invited if what == "invited"} == {
        "amanda@example.com",
        "tom@example.com",
    }


async def test_an_answer_that_is_lost_makes_nothing_twice(
    calendar: GraphCalendar, microsoft: FakeMicrosoft
) -> None:
    microsoft.faults = ["dropped", "dropped"]
    await calendar.create_event(grant(), draft())
    assert (len(microsoft.events), microsoft.posted) == (1, 3)
    microsoft.faults = ["dropped"] * 3
    leave, one = grant(), draft(2)
    with pytest.raises(CalendarUnsure):
        await calendar.create_event(leave, one)
    found = await calendar.what_happened(leave.id)
    assert found is not None
    assert found.id == one.id


async def test_times_are_asked_for_in_utc_and_read_in_no_other_zone(
    calendar: GraphCalendar, microsoft: FakeMicrosoft
) -> None:
    one = draft()
    microsoft.zone = "Eastern Standard Time"
    assert (await calendar.create_event(grant(), one)).span == one.span
    assert [each.span for each in await calendar.events(TOM.address, DAY)] == [one.span]
    assert [each.spans for each in await calendar.busy((TOM.address,), DAY)] == [(one.span,)]
    microsoft.heeds_preference = False
    for look in (calendar.events(TOM.address, DAY), calendar.busy((TOM.address,), DAY)):
        with pytest.raises(CalendarError, match="no calendar"):
            await look
    leave, other = grant(), draft(2)
    with pytest.raises(CalendarUnsure):
        await calendar.create_event(leave, other)
    with pytest.raises(CannotTell):
        await calendar.what_happened(leave.id)


async def test_a_cancel_whose_answer_is_lost_is_looked_at_again(
    calendar: GraphCalendar, microsoft: FakeMicrosoft
) -> None:
    one = draft()
    await calendar.create_event(grant(), one)
    microsoft.faults = ["lost"]
    with pytest.raises(CalendarUnsure):
        await calendar.cancel_event(grant(), one.id, 1, "no")
    microsoft.faults = ["dropped"]
    assert (await calendar.cancel_event(grant(), one.id, 1, "no")).cancelled


async def test_a_cancel_that_cannot_be_looked_at_again_is_unsure(
    calendar: GraphCalendar, microsoft: FakeMicrosoft
) -> None:
    one = draft()
    await calendar.create_event(grant(), one)
    kept, lost = calendar._by_property, CalendarError("no")

    async def only_once(name: str, value: str) -> ItsEvent | None:
        calendar._by_property = never  # type: ignore[method-assign]
        return await kept(name, value)

    async def never(_name: str, _value: str) -> ItsEvent | None:
        raise lost

    calendar._by_property = only_once  # type: ignore[method-assign]
    microsoft.faults = ["dropped"]
    with pytest.raises(CalendarUnsure, match="whether the meeting was cancelled is not known"):
        await calendar.cancel_event(grant(), one.id, 1, "no")
    assert microsoft.events == {}


async def test_without_access_it_says_so_and_no_secret(
    calendar: GraphCalendar, microsoft: FakeMicrosoft
) -> None:
    microsoft.faults, microsoft.on_writes = ["forbidden"] * 2, False
    with pytest.raises(CalendarError, match="does not give this application access"):
        await calendar.events(TOM.address, DAY)
    with pytest.raises(CalendarError, match="does not give this application access"):
        await calendar.create_event(grant(), draft())
    microsoft.secret = "another"
    fresh = GraphCalendar(Graph(settings(microsoft)), online=False)
    with pytest.raises(CalendarError, match="invalid_client") as refused:
        await fresh.busy((TOM.address,), DAY)
    assert "graph-secret" not in str(refused.value)
    await fresh.close()


async def test_whose_calendar_is_not_there_is_not_free_but_unknown(
    calendar: GraphCalendar, microsoft: FakeMicrosoft
) -> None:
    microsoft.unknown = {TOM.address}
    (busy,) = await calendar.busy((TOM.address,), DAY)
    assert busy.why == "the calendar has no mailbox there"


async def test_tentative_and_out_of_office_count_and_free_does_not(
    calendar: GraphCalendar, microsoft: FakeMicrosoft
) -> None:
    one = draft().span
    for status, taken in (("tentative", 1), ("oof", 1), ("busy", 1), ("free", 0)):
        microsoft.busy = {TOM.address: [(one.starts, one.ends, status)]}
        (busy,) = await calendar.busy((TOM.address,), DAY)
        assert len(busy.spans) == taken, status


async def test_the_pre_read_stands_in_the_invitation(calendar: GraphCalendar, microsoft: FakeMicrosoft) -> None:
    await calendar.create_event(grant(), replace(draft(), pre_read=PreRead("PRD-7", "Split the service.")))
    (event,) = microsoft.events.values()
    assert "PRD-7\n\nSplit the service." in event["body"]["content"]
    assert event["body"]["contentType"] == "text"


def test_addresses_in_clear_are_refused() -> None:
    with pytest.raises(ValidationError, match="https"):
        GraphCalendarSettings(  # type: ignore[call-arg]
            _env_file=None,
            graph_tenant="t",
            graph_client_id="c",
            graph_client_secret=SecretStr("s"),
            graph_mailbox="a@example.com",
            graph_url="http://graph.example.com",
        )
