"""What others write into calendars is read as far as it says something, and never ends the reading."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from integrations.calendar import CalendarError, Span
from integrations.calendar.vendors.caldav.floating import floating_in, moved
from integrations.calendar.vendors.caldav.reading import event_of, events_in, is_cancelled, parsed, taken


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 12, day, hour, minute, tzinfo=UTC)


def calendar(kind: str, *lines: str) -> str:
    inner = (f"BEGIN:{kind}", *lines, f"END:{kind}")
    whole = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *inner, "END:VCALENDAR")
    return "".join(f"{line}\r\n" for line in whole)


def event(*lines: str) -> str:
    return calendar("VEVENT", "UID:x", *lines)


GOOD = event("DTSTART:20261207T150000Z", "DTEND:20261207T160000Z")


@pytest.mark.parametrize(
    ("lines", "span"),
    [
        (["DTSTART;VALUE=DATE:20261207"], Span(at(7), at(8))),
        (["DTSTART;VALUE=DATE:20261207", "DTEND;VALUE=DATE:20261209"], Span(at(7), at(9))),
        (["DTSTART;VALUE=DATE:20261207", "DURATION:P2D"], Span(at(7), at(9))),
        (["DTSTART:20261207T100000Z"], Span(at(7, 10), at(7, 10))),
        (["DTSTART:20261207T100000Z", "DURATION:PT45M"], Span(at(7, 10), at(7, 10, 45))),
        (["DTSTART:20261207T100000", "DTEND:20261207T110000"], Span(at(7, 10), at(7, 11))),
        (["DTSTART;TZID=Europe/Dublin:20261207T100000", "DURATION:PT1H"], Span(at(7, 10), at(7, 11))),
        (["DTSTART;TZID=America/New_York:20261207T100000", "DURATION:PT1H"], Span(at(7, 15), at(7, 16))),
        (["DTSTART:20261207T100000Z", "SEQUENCE:much", "SUMMARY"], Span(at(7, 10), at(7, 10))),
    ],
)
def test_when_an_event_is(lines: list[str], span: Span) -> None:
    assert event_of(parsed(event(*lines))).span == span


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["DTSTART:soon"],
        ["DTSTART:20261207T100000Z", "DTEND:later"],
        ["DTSTART:20261207T100000Z", "DURATION:long"],
        ["DTSTART:20261207T100000Z", "DURATION:-PT45M"],
        ["DTSTART:20261207T100000Z", "DTEND:20261207T090000Z"],
        ["DTSTART:20261207T100000Z", "DTSTART:20261208T100000Z"],
        ["DTSTART;VALUE=PERIOD:20261207T100000Z/PT1H"],
        ["DTSTART;TZID=Asia/Tokyo:00010101T000000", "DTEND:20261207T110000Z"],
        ["DTSTART;VALUE=DATE:99991231"],
    ],
)
def test_an_event_whose_times_say_nothing_takes_nobodys_time_and_hides_no_other(lines: list[str]) -> None:
    odd = event(*lines)
    assert [one.span for one in events_in([odd, GOOD])] == [Span(at(7, 15), at(7, 16))]
    with pytest.raises(CalendarError, match="cannot be read"):
        event_of(parsed(odd))


@pytest.mark.parametrize("text", ["", "hello", GOOD[:70], GOOD * 2])
def test_what_is_no_calendar_hides_no_other(text: str) -> None:
    assert [one.span for one in events_in([text, GOOD])] == [Span(at(7, 15), at(7, 16))]
    with pytest.raises(CalendarError, match="no calendar"):
        parsed(text)


NEW_YORK, TOKYO = ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("lines", "zone", "span"),
    [
        (["DTSTART:20261207T100000", "DTEND:20261207T110000"], NEW_YORK, Span(at(7, 15), at(7, 16))),
        (["DTSTART:20261207T100000", "DURATION:PT1H"], TOKYO, Span(at(7, 1), at(7, 2))),
        (["DTSTART;VALUE=DATE:20261207"], NEW_YORK, Span(at(7, 5), at(8, 5))),
        (["DTSTART:20261207T100000Z", "DURATION:PT1H"], NEW_YORK, Span(at(7, 10), at(7, 11))),
        (["DTSTART;TZID=Europe/Dublin:20261207T100000", "DURATION:PT1H"], TOKYO, Span(at(7, 10), at(7, 11))),
    ],
)
def test_a_time_without_a_zone_is_one_where_its_person_is(lines: list[str], zone: ZoneInfo, span: Span) -> None:
    assert event_of(parsed(event(*lines)), zone).span == span
    assert [one.span for one in events_in([event(*lines)], zone)] == [span]


def test_busy_times_without_a_zone_are_those_of_their_person() -> None:
    busy = parsed(calendar("VFREEBUSY", "FREEBUSY:20261207T100000/PT1H,20261207T120000Z/PT1H"))
    assert tuple(taken(busy, NEW_YORK)) == (Span(at(7, 15), at(7, 16)), Span(at(7, 12), at(7, 13)))


WEEK = Span(at(6), at(22))


def test_what_repeats_without_a_zone_is_moved_time_by_time() -> None:
    weekly = event(
        "DTSTART:20261130T090000", "DURATION:PT30M", "RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE:20261214T090000"
    )
    assert [(one.in_utc, one.meant.starts) for one in floating_in([weekly], NEW_YORK, WEEK)] == [
        (Span(at(7, 9), at(7, 9, 30)), at(7, 14)),
        (Span(at(21, 9), at(21, 9, 30)), at(21, 14)),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ["DTSTART:20261207T100000Z", "DURATION:PT1H"],
        ["DTSTART;TZID=Europe/Dublin:20261207T100000", "DURATION:PT1H"],
        ["DTSTART:20261207T100000", "DURATION:PT1H", "RRULE:FREQ=SECONDLY"],
        ["DTSTART:20261207T100000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;UNTIL=20261220T000000Z"],
        ["DTSTART:20261207T100000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY", "RRULE:FREQ=DAILY"],
        ["DTSTART:20261207T100000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY", "EXDATE:soon"],
        ["DTSTART:20260107T100000", "DURATION:PT1H"],
        ["DTSTART:soon"],
        [],
    ],
)
def test_what_has_a_zone_or_cannot_be_read_is_left_as_the_server_has_it(lines: list[str]) -> None:
    good = event("DTSTART:20261208T100000", "DURATION:PT1H")
    found = floating_in([event(*lines), "no", good], NEW_YORK, WEEK)
    assert [one.in_utc.starts for one in found] == [at(8, 10)]


def test_busy_time_is_moved_where_the_server_took_it_for_utc() -> None:
    (one,) = floating_in([event("DTSTART:20261207T100000", "DURATION:PT1H")], NEW_YORK, WEEK)
    other = Span(at(7, 12), at(7, 13))
    assert moved((one.in_utc, other), [one]) == [other, one.meant]
    assert moved((other,), [one]) == [other], "it is free, or the server knew its zone"
    assert moved((one.meant, other), [one]) == [other, one.meant]
    longer = Span(at(7, 9), at(7, 13))
    assert moved((longer,), [one]) == [longer, one.meant], "run together with something else"


def test_of_what_is_said_twice_the_first_counts() -> None:
    twice = parsed(
        event("DTSTART:20261207T100000Z", "SUMMARY:One", "SUMMARY:Two", "STATUS:cancelled", "STATUS:x")
    )
    assert (event_of(twice).title, event_of(twice).cancelled, is_cancelled(twice)) == ("One", True, True)


def test_busy_times_are_read_and_odd_ones_are_said() -> None:
    def lines(*periods: str) -> str:
        return calendar("VFREEBUSY", *periods)

    busy = lines(
        "FREEBUSY:20261207T100000Z/PT1H,20261207T120000Z/20261207T130000Z",
        "FREEBUSY;FBTYPE=FREE:20261207T150000Z/PT1H",
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20261207T170000Z/PT1H",
    )
    assert tuple(taken(parsed(busy))) == (
        Span(at(7, 10), at(7, 11)),
        Span(at(7, 12), at(7, 13)),
        Span(at(7, 17), at(7, 18)),
    )
    assert tuple(taken(parsed(lines()))) == ()
    for odd in ("soon", "20261207T100000Z", "20261207T100000Z/20261207T090000Z", "99991231T230000Z/P3D"):
        with pytest.raises(CalendarError):
            parsed(lines(f"FREEBUSY:{odd}"))
    with pytest.raises(CalendarError):
        tuple(taken(parsed(lines("FREEBUSY;VALUE=TEXT:soon"))))
