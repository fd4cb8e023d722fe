"""What others write into calendars is read as far as it says something, and never ends the reading."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from integrations.calendar import CalendarError, Span
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
