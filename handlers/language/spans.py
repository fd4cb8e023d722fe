"""From when until when something shall hold, and which days: "until Friday", "thurs + fri", "from 2 to 4"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from governance.department import Calendar
from handlers.language import local_time as local
from handlers.language.calendar_periods import calendar_days
from handlers.language.calendar_words import WEEKDAY, in_calendar_words
from handlers.language.clock import read_clock, read_clock_range, read_part_of_day
from handlers.language.dates import TimeSaid, instant, moment_in
from handlers.language.days import Seen, day_in, names_a_date
from handlers.language.durations import Length, length_in
from handlers.language.local_time import WEEKDAYS, Leaning
from handlers.language.negation import BUT
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

_DAY = WEEKDAY.replace("(?P<weekday>", "(?:")
_ITEM = rf"(?:(?:on |the |this coming |this |next |coming )*(?:{_DAY}|today|tomorrow|overmorrow|weekend))\b"
_JOINT = r"(?:,? (?:and|then) |, ?|/| ?(?:-|to|through|until) ?| )"
_RANGE = re.compile(r" ?(?:-|to|through|until) ?")
_LIST = re.compile(rf"(?P<first>{_ITEM})(?:{_JOINT}{_ITEM})+")
_STEP = re.compile(rf"(?P<joint>{_JOINT})(?P<item>{_ITEM})")
_WEEK = re.compile(r"\b(?:next|this|last) week\b|\bweek after(?: next)?\b")
_LONGEST = 366
_EXCEPT = re.compile(
    rf",? ?\b(?:(?:{BUT}|without) (?P<days>{_ITEM}(?:{_JOINT}{_ITEM})*)|not (?P<day>{_ITEM}))(?: but\b)?,?"
)
_WORKING = re.compile(r"\b(?:weekdays|(?:working|business|work) days)\b(?! (?:ago|from|after|before|later))")


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
    listed = _days_listed(said, seen)
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
    word = found["word"] or "until"
    # Said on a Thursday, "from Thursday until the 9th" begins today where the 9th comes before the next one.
    if local.today(begins, seen.zone) == local.today(seen.now, seen.zone) + timedelta(days=7):
        soon = _end(words, word, seen, seen.now)
        begins = seen.now if soon is not None and soon <= begins else begins
    end = _end(words, word, seen, begins)
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


@dataclass(frozen=True, slots=True)
class DaysListed:
    """Days in the order in which they come, and what else was said around the list."""

    days: tuple[date, ...]
    rest: str

    @property
    def runs(self) -> tuple[tuple[date, ...], ...]:
        """The days in rows that have no gap."""
        rows: list[list[date]] = []
        for day in self.days:
            if rows and day - rows[-1][-1] == timedelta(days=1):
                rows[-1].append(day)
            else:
                rows.append([day])
        return tuple(map(tuple, rows))


def _days_listed(said: str, seen: Seen) -> DaysListed | None:
    """Two days or more in a row of words, each the first of its name behind the one before; None if there is
    no such list. `said` is in calendar words."""
    found = _LIST.search(said)
    if found is None:
        return None
    around = f"{said[: found.start()]} on that day {said[found.end() :].lstrip()}"
    week = _WEEK.search(around)
    first = day_in(f"{found['first']} {week[0] if week else ''}", seen)
    if first is None or first.day is None:
        return None
    days = list(_of_item(found["first"], first.day))
    for step in _STEP.finditer(found[0], len(found["first"])):
        following = _behind(step["item"], days[-1])
        if _RANGE.fullmatch(step["joint"]):
            days += [days[-1] + timedelta(days=ahead) for ahead in range(1, (following[0] - days[-1]).days)]
        days += following
    return DaysListed(tuple(days[:_LONGEST]), around)


def _behind(item: str, last: date) -> list[date]:
    """The days of an item of a list, the first of their name behind `last`."""
    name = next((name for name in (*WEEKDAYS, "weekend") if name in item), None)
    number = None if name is None else WEEKDAYS.index("saturday" if name == "weekend" else name)
    ahead = 1 if number is None else (number - last.weekday() - 1) % 7 + 1
    return _of_item(item, last + timedelta(days=ahead))


def _of_item(item: str, day: date) -> list[date]:
    return [day, day + timedelta(days=1)] if "weekend" in item else [day]


@dataclass(frozen=True, slots=True)
class Excepted:
    """Days of the week that do not count, and whether working days alone do; `said` is the other words."""

    said: str
    weekdays: frozenset[int]
    working: bool

    def leaves(self, day: date, working: WorkingDays) -> bool:
        """Whether this day counts."""
        return day.weekday() not in self.weekdays and (not self.working or working.works_on(day))


def excepted(said: str) -> Excepted:
    """What is left out: `next week but not Friday`, `weekdays next week`, `not Thursday, Friday`."""
    left_out = (found["days"] or found["day"] for found in _EXCEPT.finditer(said))
    named = [name for days in left_out for name in re.findall(_DAY, days)]
    numbers = frozenset(WEEKDAYS.index(name.removesuffix("s")) for name in named)
    rest = " ".join(_EXCEPT.sub(" ", said).split()) if numbers else said
    return Excepted(rest, numbers, _WORKING.search(rest) is not None)
