"""What somebody says of when: read in their time zone, by the calendar that they work by."""

from __future__ import annotations

from governance.department import Calendar
from governance.people import Person
from handlers.conversation.desk import Desk
from handlers.language.dates import TimeSaid, read_moment
from handlers.language.local_time import Leaning
from handlers.language.periods import Period, read_period
from handlers.language.spans import read_spans


def calendar_for(desk: Desk, person: Person) -> Calendar:
    """The calendar that a person works by; the department's own for somebody whom its file does not name."""
    named = any(entry.id == person.id for entry in desk.department.people)
    return desk.department.calendar_of(person.id if named else None)


def span_said(desk: Desk, person: Person, text: str) -> Period | None:
    """From when until when; of several spans the one that covers them all. See `read_span`."""
    spans = spans_said(desk, person, text)
    return Period(spans[0].start, spans[-1].end, ", ".join(one.name for one in spans)) if spans else None


def spans_said(desk: Desk, person: Person, text: str) -> tuple[Period, ...]:
    """Each span that is said: days that do not follow on one another are spans of their own."""
    return read_spans(text, desk.now, person.time_zone, calendar_for(desk, person))


def moment_said(desk: Desk, person: Person, text: str, leaning: Leaning = Leaning.FUTURE) -> TimeSaid | None:
    """The first moment that is said. See `read_moment`."""
    return read_moment(text, desk.now, person.time_zone, leaning, calendar_for(desk, person))


def period_said(desk: Desk, person: Person, text: str, leaning: Leaning = Leaning.NEAREST) -> Period | None:
    """The period that is said. See `read_period`."""
    return read_period(text, desk.now, person.time_zone, leaning, calendar_for(desk, person))
