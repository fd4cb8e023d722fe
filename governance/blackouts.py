"""When a department lets nothing new into production: whether a blackout is on, until when, and which is next.

Days and times of the department's file are those of the department's own time zone; all moments here are UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from governance.department import Department
from governance.moments import end_words, moment_words
from governance.people import Role
from governance.release_rules import Blackout

_MOST_SPANS = 1_000
"""Spans that follow on each other without a gap; then it counts as never over."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A blackout over the half-open interval [`starts`, `ends`), and why it is one."""

    starts: datetime
    ends: datetime
    why: str


def blackout_at(department: Department, service: str, moment: datetime) -> Span | None:
    """The blackout of a service's releases that is on at `moment`, up to the moment at which releases are free
    again: what follows on it without a gap belongs to it."""
    span = _on(department, service, moment)
    if span is None:
        return None
    ends = span.ends
    for _ in range(_MOST_SPANS):
        following = _on(department, service, ends)
        if following is None:
            break
        ends = following.ends
    return Span(span.starts, ends, span.why)


def next_blackout(department: Department, service: str, moment: datetime, within: timedelta) -> Span | None:
    """The first blackout that starts after `moment` and within that time; None where there is none."""
    coming = [
        span
        for span in _spans(department, service, moment, moment + within)
        if moment < span.starts <= moment + within
    ]
    return min(coming, key=lambda span: span.starts, default=None)


def free_from(department: Department, service: str, moment: datetime, lasting: timedelta) -> datetime:
    """The first moment, from `moment` on, at which a release of that length meets no blackout."""
    at = moment
    for _ in range(_MOST_SPANS):
        span = blackout_at(department, service, at) or next_blackout(department, service, at, lasting)
        if span is None:
            return at
        at = span.ends
    return at


def until_words(span: Span, department: Department) -> str:
    """A blackout as it stands in a sentence: `Black Friday, until the end of Mon 30 Nov 2026 (GMT)`."""
    return f"{span.why}, until {end_words(span.ends, zone_of(department))}"


def at_words(moment: datetime, department: Department) -> str:
    """A moment in the department's own time."""
    return moment_words(moment, zone_of(department))


def zone_of(department: Department) -> str:
    """The department's own time zone."""
    return department.calendar_of(None).time_zone


def _on(department: Department, service: str, moment: datetime) -> Span | None:
    """Of the spans that `moment` lies in, the one that ends last."""
    spans = _spans(department, service, moment, moment)
    return max(
        (span for span in spans if span.starts <= moment < span.ends), key=lambda span: span.ends, default=None
    )


def _spans(department: Department, service: str, since: datetime, until: datetime) -> Iterator[Span]:
    """Every blackout of a service that lies on one of the local days from `since` to `until`."""
    zone = ZoneInfo(zone_of(department))
    first, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    holidays = _holidays(department)
    for one in department.releases.blackouts:
        if not one.covers(service):
            continue
        if one.since is not None and one.until is not None:
            if one.since <= last and first <= one.until:
                yield _span(one, one.since, one.until, zone)
            continue
        for number in range((last - first).days + 1):
            day = first + number * _DAY
            if day.weekday() in one.days or (one.holidays and day in holidays):
                yield _span(one, day, day, zone)


def _span(one: Blackout, first: date, last: date, zone: ZoneInfo) -> Span:
    starts = datetime.combine(first, one.after, zone)
    ends = (
        datetime.combine(last + _DAY, time(), zone)
        if one.before is None
        else datetime.combine(last, one.before, zone)
    )
    return Span(starts.astimezone(UTC), ends.astimezone(UTC), one.why)


def _holidays(department: Department) -> frozenset[date]:
    """Days on which somebody who is on call has a public holiday: an SRE lead, or a director without one."""
    active = [one for one in department.people if one.active]
    called = [one for one in active if Role.SRE_LEAD in one.roles] or [
        one for one in active if Role.ENGINEERING_DIRECTOR in one.roles
    ]
    return frozenset(holiday.day for one in called for holiday in department.calendar_of(one.id).holidays)
