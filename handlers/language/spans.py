"""From when until when something shall hold: "until Friday", "for 2 hours", "thurs + fri", "from 2 to 4"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from governance.department import Calendar
from handlers.language import local_time as local
from handlers.language.calendar_periods import calendar_days
from handlers.language.calendar_words import in_calendar_words
from handlers.language.clock import read_clock, read_clock_range, read_part_of_day
from handlers.language.dates import TimeSaid, instant, moment_in
from handlers.language.day_lists import Excepted, days_listed, excepted
from handlers.language.days import Seen, day_in, names_a_date
from handlers.language.durations import Length, length_in
from handlers.language.local_time import Leaning
from handlers.language.periods import Period, hours_in, period_in, within
from handlers.language.working_days import WorkingDays

_UNTIL = re.compile(r"\b(?P<word>until|through)\b(?! further)(?P<end>.*)\Z|\bto the (?P<the>end of .*)\Z")
_EDGE_OF = re.compile(r"\b(?P<edge>end|start|beginning) of (?P<of>.+)")
_BEGINNING = re.compile(
    r"\b(?:from|starting|beginning|as of) (?:on )?(?!now\b)(?P<start>.+?)(?= (?:until|to|through|for)\b|\Z)"
)
_ONLY_BEGINS = re.compile(r"\b(?:from|start\w*|beginning|since) (?:on |the )?\w+")
_NEXT = re.compile(r"\bfor the next (?P<unit>hour|day|week|fortnight|month|quarter|year)\b|\bnext hour\b")
_COUNTS_FROM = re.compile(r"\bin (?:\d|an?\b|half\b)|\b(?:first|last) \d+ (?:weeks|days) (?:of|in)\b")
_CLOCK = re.compile(r"\b\d{1,2}(?:[:.]\d{2})? ?[ap]\.?m\b\.?|\b\d{1,2}:\d{2}\b|\b(?:at|from) \d{1,2}h?\b")


def read_span(text: str, now: datetime, zone: str, calendar: Calendar | None = None) -> Period | None:
    """The half-open span that is said, seen from `now` in the IANA `zone`; None if no end to come is said.

    Without a start it begins now; a day or a week that has begun already is cut off at now. Of several spans
    ("Tuesday and Thursday") it is the one that covers them all. `calendar` knows holidays and when work ends.
    """
    spans = read_spans(text, now, zone, calendar)
    return Period(spans[0].start, spans[-1].end, ", ".join(span.name for span in spans)) if spans else None


def read_spans(text: str, now: datetime, zone: str, calendar: Calendar | None = None) -> tuple[Period, ...]:
    """Each span that is said, in order: days that do not follow on one another are spans of their own."""
    seen = Seen(now, zone, Leaning.FUTURE, WorkingDays(calendar))
    but = excepted(seen.working.with_hours(in_calendar_words(text)))
    here = now.astimezone(UTC)
    for read in (_days, _hours, _until, _lasting, _part, _period):
        if found := read(but.said, seen):
            whole = [replace(span, start=max(span.start, here)) for span in found]
            return tuple(part for span in whole for part in _left(span, but, seen) if part.end > part.start)
    return ()


def _left(span: Period, but: Excepted, seen: Seen) -> Iterator[Period]:
    """The parts of a span that are left when days that do not count are taken out."""
    if not (but.weekdays or but.working):
        yield span
        return
    start = span.start
    day = local.today(start, seen.zone)
    while start < span.end:
        following = local.midnight(day + timedelta(days=1), seen.zone)
        if not but.leaves(day, seen.working):
            start = following
        elif following >= span.end or not but.leaves(day + timedelta(days=1), seen.working):
            yield replace(span, start=start, end=min(following, span.end))
            start = following
        day += timedelta(days=1)


def _days(said: str, seen: Seen) -> Sequence[Period]:
    """`Thursday and Friday`, `Mon, Wed-Fri`; each with the hours that are said beside them."""
    listed = days_listed(said, seen)
    if listed is None:
        return ()
    hours = read_clock_range(listed.rest)
    if hours is not None:
        return [within(day, hours.first, hours.last, seen) for day in listed.days]
    part = read_part_of_day(listed.rest)
    if part is None and read_clock(listed.rest) is not None:
        return ()
    if part is not None:
        return [within(day, part.begins, part.ends, seen) for day in listed.days]
    return [_whole(run, seen) for run in listed.runs]


def _whole(run: Sequence[date], seen: Seen) -> Period:
    first, last = run[0], run[-1]
    name = f"{first}" if first == last else f"{first} to {last}"
    return Period(local.midnight(first, seen.zone), local.midnight(last + timedelta(days=1), seen.zone), name)


def _hours(said: str, seen: Seen) -> Sequence[Period]:
    hours = hours_in(said, seen)
    return (hours,) if hours else ()


def _until(said: str, seen: Seen) -> Sequence[Period]:
    found = _UNTIL.search(said)
    if found is None:
        return ()
    begins = max(_start(said[: found.start()], seen).at, seen.now)
    words = found["end"] if found["word"] else f" {found['the']}"
    end = _end(words, found["word"] or "until", seen, begins)
    return () if end is None else (Period(begins, end, f"until{words}"),)


def _end(said: str, word: str, seen: Seen, begins: datetime) -> datetime | None:
    """When "until …" is over: of a day its end, of a week or month its beginning, unless "through" or "the end
    of" it is said; of "after" a day, or "the start of" it, its beginning."""
    later = replace(seen, now=begins)
    if re.match(r" after\b", said):
        end = moment_in(f"until{said}", later)
        return end.at if end else None
    edge = _EDGE_OF.search(said)
    words = edge["of"] if edge else said
    days = None if names_a_date(said) else calendar_days(words, seen.on, Leaning.FUTURE)
    if days is not None and (edge or "weekend" in words or day_in(said, later) is None):
        whole = edge["edge"] == "end" if edge else word == "through"
        return local.midnight(days[1] if whole else days[0], seen.zone)
    moment = moment_in(f"until{said}", later)
    if moment is None:
        return None
    end_of_it = moment.at if edge is not None and edge["edge"] != "end" else moment.deadline
    # Said on a Monday afternoon, "until Monday morning" is a week away.
    is_over = end_of_it <= begins and re.search(r"day\b", said) is not None
    return local.days_on(end_of_it, 7, seen.zone) if is_over else end_of_it


def _lasting(said: str, seen: Seen) -> Sequence[Period]:
    """`for two hours`, `the next 3 days`, `on Monday for a week`, `tomorrow for two hours from 3 pm`."""
    spoken = _NEXT.sub(lambda found: f"for 1 {found['unit'] or 'hour'}", said)
    clocks_hidden = _CLOCK.sub(lambda found: " " * len(found[0]), spoken)
    found = None if _COUNTS_FROM.search(said) else length_in(clocks_hidden)
    if found is None or found[0] == Length():
        return ()
    length, first, last = found
    before = re.sub(r"\b(?:for|next)(?: the)?(?: next)? $", "", spoken[:first])
    start = _start(f"{before} {spoken[last:]}", seen)
    try:
        return (Period(start.at, length.after(start.at, seen.zone), "for so long"),)
    except OverflowError:
        return ()


def _start(said: str, seen: Seen) -> TimeSaid:
    found = _BEGINNING.search(said)
    words = found["start"] if found is not None and day_in(found["start"], seen) else said
    return moment_in(words, seen) or instant(seen.now.astimezone(UTC))


def _part(said: str, seen: Seen) -> Sequence[Period]:
    """`tomorrow morning`, `tonight`: the part of the day, from its beginning to its end."""
    part, day = read_part_of_day(said), day_in(said, seen)
    if part is None or day is None or day.day is None or _ONLY_BEGINS.search(said):
        return ()
    return (within(day.day, part.begins, part.ends, seen),)


def _period(said: str, seen: Seen) -> Sequence[Period]:
    if _ONLY_BEGINS.search(said) and not re.search(r" (?:to|and|-) ", said):
        return ()
    period = period_in(said, seen)
    return (period,) if period is not None and period.end > seen.now else ()
