"""When people can meet: pure, over working hours, holidays, absences and what calendars say.

Working hours are wall-clock times of each person's own place, so a clock's change moves them and nothing else;
all moments are UTC. Whose calendar cannot be read counts as free, and is said."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from governance.department import Absence, Calendar, Weekday
from integrations.calendar import Busy, Span, merged, without

_WEEKDAYS = tuple(Weekday)
_GRID = timedelta(minutes=30)
_NOTICE = timedelta(minutes=30)
"""Nobody is called to a meeting that begins sooner, unless its time was said."""


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody who is to be there, and the days on which they are away."""

    id: str
    name: str
    address: str
    calendar: Calendar
    away: tuple[Absence, ...] = ()


@dataclass(frozen=True, slots=True)
class CannotBe:
    """Somebody who cannot be there at a time, and why, for people."""

    id: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A time, and those who cannot be there then."""

    span: Span
    without: tuple[CannotBe, ...] = ()


def working_spans(calendar: Calendar, within: Span) -> Iterator[Span]:
    """The hours in which this calendar's people work, in order."""
    zone = ZoneInfo(calendar.time_zone)
    off = {holiday.day for holiday in calendar.holidays}
    for day in _days(within, zone):
        if _WEEKDAYS[day.weekday()] in calendar.days and day not in off:
            yield Span(_at(day, calendar.start, zone), _at(day, calendar.end, zone))


def free_spans(one: Attendee, busy: Busy, within: Span) -> tuple[Span, ...]:
    """When somebody works and nothing else stands in their calendar."""
    zone = ZoneInfo(one.calendar.time_zone)
    taken = merged(busy.spans)
    free: list[Span] = []
    for shift in working_spans(one.calendar, within):
        day = shift.starts.astimezone(zone).date()
        if not _is_away(one, day):
            free += _without(_cut(shift, within), taken)
    return tuple(free)


def why_not(one: Attendee, busy: Busy, span: Span) -> CannotBe | None:
    """Why somebody cannot be there at a time; None where they can."""
    zone = ZoneInfo(one.calendar.time_zone)
    day = span.starts.astimezone(zone).date()
    holiday = next((each.name for each in one.calendar.holidays if each.day == day), None)
    if _is_away(one, day):
        why = "away that day"
    elif holiday is not None:
        why = f"off that day ({holiday})"
    elif any(each.meets(span) for each in busy.spans):
        why = "busy then"
    elif not any(_holds(shift, span) for shift in working_spans(one.calendar, span)):
        local = span.starts.astimezone(zone)
        why = f"not at work then (it is {local:%a %H:%M} there)"
    else:
        return None
    return CannotBe(one.id, one.name, why)


def best_slots(
    people: Sequence[Attendee],
    busy: Mapping[str, Busy],
    windows: Iterable[Span],
    length: timedelta,
    now: datetime,
    most: int,
) -> tuple[Slot, ...]:
    """Times at which everybody can be there: by day, and within one those that cut into nobody's lunch, early
    morning or late afternoon first. `busy` is by address; no two of them overlap."""
    from_now = now + _NOTICE
    candidates: list[Span] = []
    for window in windows:
        within = Span(max(window.starts, from_now), window.ends)
        if within.starts < within.ends:
            common = _common([free_spans(one, busy[one.address], within) for one in people])
            candidates += [span for free in common for span in _on_grid(free, length)]
    zone = ZoneInfo(people[0].calendar.time_zone)
    ranked = sorted(candidates, key=lambda span: (*_rank(span, people, zone), span.starts))
    return tuple(Slot(span) for span in _apart(ranked, most))


def next_best(
    people: Sequence[Attendee],
    busy: Mapping[str, Busy],
    windows: Iterable[Span],
    length: timedelta,
    now: datetime,
    most: int,
) -> tuple[Slot, ...]:
    """Times within the first one's working hours at which as few as possible cannot be there; the first one
    always can."""
    first, *others = people
    counted: list[tuple[int, Span]] = []
    for window in windows:
        within = Span(max(window.starts, now + _NOTICE), window.ends)
        if within.starts >= within.ends:
            continue
        free = {one.id: free_spans(one, busy[one.address], within) for one in others}
        for span in (
            span for own in free_spans(first, busy[first.address], within) for span in _on_grid(own, length)
        ):
            counted.append((sum(not _within_one(free[one.id], span) for one in others), span))
    zone = ZoneInfo(first.calendar.time_zone)
    ranked = sorted(counted, key=lambda one: (one[0], *_rank(one[1], people, zone), one[1].starts))
    found = _apart((span for _, span in ranked), most)
    return tuple(slot_at(people, busy, span) for span in found)


def slot_at(people: Sequence[Attendee], busy: Mapping[str, Busy], span: Span) -> Slot:
    """A time with everybody who cannot be there then."""
    without = (why_not(one, busy[one.address], span) for one in people)
    return Slot(span, tuple(one for one in without if one is not None))


def without_own(busy: Mapping[str, Busy], own: Span) -> dict[str, Busy]:
    """The same without one meeting's own time: it does not stand in its own way."""
    return {address: Busy(one.address, without(one.spans, own), one.why) for address, one in busy.items()}


def _days(within: Span, zone: ZoneInfo) -> Iterator[date]:
    day, last = within.starts.astimezone(zone).date(), within.ends.astimezone(zone).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC)


def _is_away(one: Attendee, day: date) -> bool:
    return any(absence.since <= day <= absence.until for absence in one.away)


def _holds(outer: Span, inner: Span) -> bool:
    return outer.starts <= inner.starts and inner.ends <= outer.ends


def _cut(span: Span, within: Span) -> Span:
    return Span(max(span.starts, within.starts), min(span.ends, within.ends))


def _without(span: Span, taken: Sequence[Span]) -> Iterator[Span]:
    at = span.starts
    for one in taken:
        if one.ends <= at or one.starts >= span.ends:
            continue
        if one.starts > at:
            yield Span(at, one.starts)
        at = one.ends
    if at < span.ends:
        yield Span(at, span.ends)


def _common(free: Sequence[Sequence[Span]]) -> Sequence[Span]:
    common = free[0]
    for other in free[1:]:
        both: list[Span] = []
        mine, theirs = 0, 0
        while mine < len(common) and theirs < len(other):
            cut = Span(
                max(common[mine].starts, other[theirs].starts), min(common[mine].ends, other[theirs].ends)
            )
            if cut.starts < cut.ends:
                both.append(cut)
            if common[mine].ends <= other[theirs].ends:
                mine += 1
            else:
                theirs += 1
        common = both
    return common


def _on_grid(free: Span, length: timedelta) -> Iterator[Span]:
    """Times that begin on a half hour of the clock (every zone's offset is a multiple of a quarter)."""
    seconds = _GRID.total_seconds()
    first = -(-free.starts.timestamp() // seconds) * seconds
    at = datetime.fromtimestamp(first, UTC)
    while at + length <= free.ends:
        yield Span(at, at + length)
        at += _GRID


def _within_one(free: Sequence[Span], span: Span) -> bool:
    at = bisect_right(free, span.starts, key=lambda one: one.starts) - 1
    return at >= 0 and _holds(free[at], span)


def _rank(span: Span, people: Sequence[Attendee], zone: ZoneInfo) -> tuple[date, int]:
    return span.starts.astimezone(zone).date(), sum(_hardship(span, one.calendar) for one in people)


def _hardship(span: Span, calendar: Calendar) -> int:
    """How much a time asks of somebody: nothing from an hour after work begins until an hour before it ends,
    but for noon."""
    zone = ZoneInfo(calendar.time_zone)
    day = span.starts.astimezone(zone).date()
    opens, closes = _at(day, calendar.start, zone), _at(day, calendar.end, zone)
    hour = timedelta(hours=1)
    lunch = Span(_at(day, time(12), zone), _at(day, time(13), zone))
    return 2 * lunch.meets(span) + (span.starts < opens + hour) + (span.ends > closes - hour)


def _apart(ranked: Iterable[Span], most: int) -> list[Span]:
    found: list[Span] = []
    for span in ranked:
        if len(found) == most:
            break
        if not any(span.meets(one) for one in found):
            found.append(span)
    return found
