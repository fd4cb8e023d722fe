"""Days and times without a zone in a person's own calendar, of which a server tells when they are busy.

A server that does not know where somebody is takes such a time for UTC (Radicale does; RFC 4791, 7.3 lets it
ask the collection's `calendar-timezone`). So what a server calls busy is moved to the person's own zone where
an event without a zone is what made it busy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice
from typing import Any

from integrations.calendar import CalendarError, Span
from integrations.calendar.vendors.caldav.reading import moment, parsed, span_of

FARTHEST = timedelta(hours=14)
"""No clock on earth is farther from UTC."""

_REPEATS = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
"""What repeats more often is left as the server has it."""

_MOST_TIMES = 500


@dataclass(frozen=True, slots=True)
class Floating:
    """One time of an event without a zone: as it would be in UTC, and as it is where its person is."""

    in_utc: Span
    meant: Span


def floating_in(texts: Iterable[str], zone: tzinfo, within: Span) -> Iterator[Floating]:
    """Every time of events without a zone, within a time as UTC has it. An event that cannot be read is left as
    the server has it."""
    for text in texts:
        try:
            events = parsed(text).walk("VEVENT")
            found = [each for one in events for each in _times(one, zone, within)]
        except (CalendarError, AttributeError, TypeError, ValueError, OverflowError):
            continue
        yield from found


def moved(spans: Iterable[Span], floating: Iterable[Floating]) -> Sequence[Span]:
    """When somebody is busy, each time without a zone where it is meant. What the server does not call busy
    (free time, or time that it knew the zone of) stays as it is; what it runs together with something else
    counts at both times."""
    said = set(spans)
    left = set(said)
    for one in floating:
        if one.in_utc in said:
            left.discard(one.in_utc)
        elif not any(span.starts <= one.in_utc.starts and one.in_utc.ends <= span.ends for span in said):
            continue
        left.add(one.meant)
    return sorted(left)


def _times(one: Any, zone: tzinfo, within: Span) -> Iterator[Floating]:
    first, begins = span_of(one, UTC), getattr(one.get("DTSTART"), "dt", None)
    if first is None or not isinstance(begins, date) or getattr(begins, "tzinfo", None) is not None:
        return
    meant = span_of(one, zone)
    if "RRULE" not in one:
        if meant is not None and first.meets(within):
            yield Floating(first, meant)
        return
    lasts = first.ends - first.starts
    for starts in _repeated(one, first.starts.replace(tzinfo=None), within, lasts):
        in_utc = Span(starts.replace(tzinfo=UTC), starts.replace(tzinfo=UTC) + lasts)
        yield Floating(in_utc, Span(moment(starts, zone), moment(starts + lasts, zone)))


def _repeated(one: Any, first: datetime, within: Span, lasts: timedelta) -> Iterator[datetime]:
    """When an event that repeats begins, by clocks where it is."""
    from dateutil.rrule import rrulestr

    rule = one.get("RRULE")
    if isinstance(rule, list) or not _REPEATS.issuperset(rule.get("FREQ", [])):
        return
    try:
        each = rrulestr(rule.to_ical().decode(), dtstart=first)
    except ValueError:
        return
    off = _exceptions(one)
    last = within.ends.replace(tzinfo=None)
    for starts in islice(each.xafter(within.starts.replace(tzinfo=None) - lasts, inc=True), _MOST_TIMES):
        if starts >= last:
            return
        if starts not in off:
            yield starts


def _exceptions(one: Any) -> frozenset[datetime]:
    lists = one.get("EXDATE", [])
    days = (each.dt for many in (lists if isinstance(lists, list) else [lists]) for each in many.dts)
    return frozenset(
        day.replace(tzinfo=None) if isinstance(day, datetime) else datetime.combine(day, time.min)
        for day in days
    )
