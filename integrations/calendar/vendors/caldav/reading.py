"""What a CalDAV server answers with, read with icalendar. Others write there too, so that anything may stand in
it: what cannot be read is left out where many are read, and said where one is meant.

A day, and a time without a zone, are meant where whoever has the calendar is (RFC 5545, 3.3.5): they are read
in the `zone` of that person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from integrations.calendar import CalendarError, Event, Guest, Span
from integrations.calendar.invitation import GRANT, meeting_of


def parsed(text: str) -> Any:
    """The iCalendar object. Raises CalendarError."""
    from icalendar import Calendar

    try:
        return Calendar.from_ical(text)
    except (ValueError, OverflowError) as wrong:  # the second for times that no clock will show
        raise CalendarError("The CalDAV server answered with something that is no calendar") from wrong


def event_of(calendar: Any, zone: tzinfo = UTC) -> Event:
    """The event that is in it. Raises CalendarError."""
    event = next((_event(one, zone) for one in calendar.walk("VEVENT")), None)
    if event is None:
        raise CalendarError("The CalDAV server answered with an event that cannot be read")
    return event


def events_in(texts: Iterable[str], zone: tzinfo = UTC) -> Iterator[Event]:
    """Every event that can be read: one whose times say nothing takes nobody's time."""
    for text in texts:
        try:
            calendar = parsed(text)
        except CalendarError:
            continue
        yield from filter(None, (_event(one, zone) for one in calendar.walk("VEVENT")))


def is_cancelled(calendar: Any) -> bool:
    """Whether every event in it is."""
    return all(_is_off(one) for one in calendar.walk("VEVENT"))


def is_left_by(calendar: Any, grant: str) -> bool:
    """Whether it was changed under this grant last."""
    return any(_said(event, GRANT) == grant for event in calendar.walk("VEVENT"))


def taken(calendar: Any, zone: tzinfo = UTC) -> Iterator[Span]:
    """When somebody is busy, of an answer to a free-busy query. Raises CalendarError."""
    for one in calendar.walk("VFREEBUSY"):
        periods = one.get("FREEBUSY", [])
        for line in periods if isinstance(periods, list) else [periods]:
            if str(line.params.get("FBTYPE", "BUSY")).upper() == "FREE":
                continue
            try:
                for start, end in (line.dt,) if isinstance(line.dt, tuple) else line.dt:
                    first = moment(start, zone)
                    yield Span(first, first + end if isinstance(end, timedelta) else moment(end, zone))
            except (AttributeError, TypeError, ValueError, OverflowError) as wrong:  # text, say, and no times
                raise CalendarError("The CalDAV server answered with times that cannot be read") from wrong


def _event(one: Any, zone: tzinfo) -> Event | None:
    span = span_of(one, zone)
    if span is None:
        return None
    uid = _said(one, "UID")
    guests = one.get("ATTENDEE", [])
    people = tuple(map(_guest, guests if isinstance(guests, list) else [guests]))
    sequence = one.get("SEQUENCE")
    changes = int(sequence) if isinstance(sequence, int) else 0
    ours = meeting_of(uid)
    title = _said(one, "SUMMARY")
    return Event(ours or uid, title, span, people, changes, _is_off(one), None, ours is not None)


def span_of(one: Any, zone: tzinfo) -> Span | None:
    """When it is; None where it does not say, or ends before it begins. Without an end it lasts the whole day
    that it begins on, or no time at all where it begins at an hour (RFC 5545, 3.6.1)."""
    begins, ends, lasts = (_when(one, name) for name in ("DTSTART", "DTEND", "DURATION"))
    if not isinstance(begins, date):
        return None
    try:
        starts = moment(begins, zone)
        if "DTEND" in one:
            last = moment(ends, zone) if isinstance(ends, date) else None
        elif "DURATION" in one:
            last = starts + lasts if isinstance(lasts, timedelta) else None
        else:
            last = starts if isinstance(begins, datetime) else moment(begins + timedelta(days=1), zone)
    except OverflowError:
        return None
    return None if last is None or last < starts else Span(starts, last)


def _when(one: Any, name: str) -> Any:
    """What a property says of time; None where it is not there, twice there, or cannot be read."""
    from icalendar import BrokenCalendarProperty

    try:
        return getattr(one.get(name), "dt", None)
    except BrokenCalendarProperty:
        return None


def _said(one: Any, name: str) -> str:
    """What a property says; of several the first."""
    said = one.get(name, "")
    return str(said[0] if isinstance(said, list) else said)


def _guest(one: Any) -> Guest:
    address = str(one)
    return Guest(str(one.params.get("CN", "")), address[7:] if address[:7].lower() == "mailto:" else address)


def _is_off(one: Any) -> bool:
    return _said(one, "STATUS").upper() == "CANCELLED"


def moment(at: date | datetime, zone: tzinfo) -> datetime:
    """A day begins at midnight in `zone`, and a time without a zone is one there."""
    if not isinstance(at, datetime):
        at = datetime.combine(at, time.min)
    return (at.replace(tzinfo=zone) if at.tzinfo is None else at).astimezone(UTC)
