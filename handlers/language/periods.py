"""Periods: "Q3 2025", "next quarter", "last week", "March", "since Monday", "from 1 May to 3 June"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from governance.department import Calendar
from handlers.language import local_time as local
from handlers.language.calendar_periods import YEAR, YEAR_ALONE, Days, calendar_days, near_days
from handlers.language.calendar_words import MONTH, WEEKDAY, in_calendar_words
from handlers.language.clock import read_clock_range
from handlers.language.dates import TimeSaid, moment_in
from handlers.language.days import Seen, day_in, named_days, names_a_date
from handlers.language.durations import UNIT, read_length
from handlers.language.local_time import Leaning
from handlers.language.working_days import WorkingDays


@dataclass(frozen=True, slots=True)
class Period:
    """Half-open: `start` is inside, `end` is not. Both UTC. `name` is how people call it."""

    start: datetime
    end: datetime
    name: str


_WEEK_OF = re.compile(
    r"\bweek (?P<way>of|starting|beginning|from|commencing|after|before) (?:the )?(?P<day>.+)"
)
_REST_OF = re.compile(
    r"\b(?:rest|remainder) of (?:the |this )?(?P<unit>day|week|month|quarter|year)\b"
    r"|\bfor the (?P<whole>day)\b(?! after)"
)
_UNITS = r"(?:hour|day|week|fortnight|month|quarter|year)"
_ROLLING = re.compile(
    rf"\b(?P<which>last|past|previous|next|coming) (?P<length>\d+ ?{UNIT})\b"
    rf"|\b(?:for|over|in|within|during) the (?P<through>last|past|next|coming) (?P<one>{_UNITS})\b"
    rf"|\bthe (?P<past>past) (?P<past_one>{_UNITS})\b"
    r"|\b(?P<near>next|coming|last|past) (?P<near_one>hour|fortnight)\b"
)
_WEEKDAYS_RANGE = re.compile(
    rf"(?P<start>{WEEKDAY.replace('(?P<weekday>', '(?:')}) ?(?:to|until|through|-) ?(?P<end>{WEEKDAY}\b.*)"
)
_DAYS_OF_MONTH = re.compile(
    rf"\b(?:{MONTH} )?(?:the )?(?P<first>\d{{1,2}})(?:st|nd|rd|th)? ?(?:-|to|until|through|and) ?(?:the )?"
    rf"(?P<last>\d{{1,2}})(?:st|nd|rd|th)?(?: (?:of )?{MONTH.replace('month', 'after')})?\b"
    rf"(?![:h%]|\.\d| ?[ap]m\b)(?:,? {YEAR})?"
)
_RANGE = re.compile(r"\b(?:from|between) (?P<start>.+?) (?:to|until|through|and|-) (?P<end>.+)")
_DIGIT = re.compile(r"\d")
_JOINT = re.compile(r" (?:-|to|until|through) ")
_OVER = re.compile(r"\b(?:over|during) (?:the )?(?P<day>.+)|\blong weekend\b")
_SINCE = re.compile(r"\b(?:since|after|starting) (?P<start>.+)")


def read_period(
    text: str,
    now: datetime,
    zone: str,
    leaning: Leaning = Leaning.NEAREST,
    calendar: Calendar | None = None,
) -> Period | None:
    """The period that is said, seen from `now` (aware) in the IANA `zone`.

    A quarter or month without a year is the nearest one to `now`, or the last or next one that has
    begun or is to come, as `leaning` says. "Since X" reaches to `now`. None if no period is said.
    """
    return period_in(in_calendar_words(text), Seen(now, zone, leaning, WorkingDays(calendar)))


def period_in(said: str, seen: Seen) -> Period | None:
    """`read_period` for text in calendar words."""
    for read in (hours_in, _days_of_month, _range, _since, _rolling, _rest, _week_of, _over):
        if (period := read(said, seen)) is not None:
            return period
    days = None if names_a_date(said) else calendar_days(said, seen.on, seen.leaning)
    if days is not None:
        return _of_days(days, seen)
    day = moment_in(said, seen)
    if day is None or not day.whole_day:
        return None
    return Period(day.at, day.ends, f"{local.today(day.at, seen.zone):%Y-%m-%d}")


def calendar_period(said: str, seen: Seen) -> Period | None:
    """A week, weekend, month, quarter, half or year that is said; a single day is none."""
    days = calendar_days(said, seen.on, seen.leaning)
    return _of_days(days, seen) if days else None


def hours_in(said: str, seen: Seen) -> Period | None:
    """`tomorrow from 2 to 4 pm`: the day is said apart from the hours; without one they are the next, or the
    last."""
    hours = read_clock_range(said)
    found = day_in(hours.around, seen) if hours else None
    day = seen.on if found is None else found.day
    if hours is None or day is None:
        return None
    span = within(day, hours.first, hours.last, seen)
    if found is None and seen.leaning is Leaning.PAST and span.start > seen.now:
        return within(day - timedelta(days=1), hours.first, hours.last, seen)
    if found is None and seen.leaning is Leaning.FUTURE and span.end <= seen.now:
        return within(day + timedelta(days=1), hours.first, hours.last, seen)
    return span


def within(day: date, first: time, last: time, seen: Seen) -> Period:
    """From one time of a local day to another, of the next day if that is not later."""
    begins = local.instant(day, first, seen.zone)
    ends = local.instant(day if last > first else day + timedelta(days=1), last, seen.zone)
    return Period(begins, ends, f"{day:%Y-%m-%d} {first:%H:%M} to {last:%H:%M}")


def _of_days(days: Days, seen: Seen) -> Period:
    return Period(local.midnight(days[0], seen.zone), local.midnight(days[1], seen.zone), days[2])


def _range(said: str, seen: Seen) -> Period | None:
    both = _ends(said)
    if both is None:
        return None
    start_words, end_words = both
    year = YEAR_ALONE.search(end_words)
    if year and not re.search(r"\d{4}", start_words):
        start_words = f"{start_words} {year['year']}"
    start, end = _edge(start_words, seen), _edge(end_words, seen)
    if start is not None and end is not None and end.end <= start.start:
        end = _edge(end_words, Seen(start.start, seen.zone, Leaning.FUTURE, seen.working))
    if start is None or end is None or start.start >= end.end:
        return None
    return Period(start.start, end.end, f"{start.name} to {end.name}")


def _ends(said: str) -> tuple[str, str] | None:
    """The words before and behind the "to" of a range."""
    found = _WEEKDAYS_RANGE.search(said) or _RANGE.search(said)
    if found is not None:
        return found["start"], found["end"]
    if not names_a_date(said):
        return None
    sides = ((said[: joint.start()], said[joint.end() :]) for joint in _JOINT.finditer(said))
    return next(((one, other) for one, other in sides if _DIGIT.search(one) and _DIGIT.search(other)), None)


def _days_of_month(said: str, seen: Seen) -> Period | None:
    """`1-3 December`, `from December 1 to 12`, `between the 3rd and the 9th`."""
    for found in _DAYS_OF_MONTH.finditer(said):
        month = found["month"] or found["after"]
        both = [found["first"], found["last"]]
        ordinal = re.search(r"\d(?:st|nd|rd|th)\b", found[0]) is not None
        if month is None and not ordinal:
            continue
        year = f" {found['year']}" if found["year"] else ""
        of_month = f" {month}{year}" if month else ""
        days = [day_in(f"{day}th{of_month}", seen) for day in both]
        if any(day is None or day.day is None for day in days):
            continue
        first, last = (day.day for day in days if day is not None and day.day is not None)
        if seen.leaning is Leaning.PAST and first > last:
            first = local.same_day(first, -1)
        elif last < first and month is None:
            last = local.same_day(last, 1)
        if first <= last:
            return _of_days((first, last + timedelta(days=1), f"{first} to {last}"), seen)
    return None


def _since(said: str, seen: Seen) -> Period | None:
    found = _SINCE.search(said)
    if found is None or (seen.leaning is Leaning.FUTURE and not found[0].startswith("since")):
        return None
    back = Seen(seen.now, seen.zone, Leaning.PAST, seen.working)
    start = _edge(f"since {found['start']}", back)
    if start is None or start.start >= seen.now:
        return None
    return Period(start.start, seen.now.astimezone(UTC), f"since {start.name}")


def _edge(said: str, seen: Seen) -> Period | None:
    """What stands before or behind "to": a day, an instant, a month, a quarter, a year."""
    moment = moment_in(said, seen)
    if moment is not None:
        return _named(moment, seen.zone)
    return calendar_period(said, seen)


def _named(moment: TimeSaid, zone: str) -> Period:
    precision = "%Y-%m-%d" if moment.whole_day else "%Y-%m-%d %H:%M UTC"
    shown = local.today(moment.at, zone) if moment.whole_day else moment.at
    return Period(moment.at, moment.ends, shown.strftime(precision))


def _rolling(said: str, seen: Seen) -> Period | None:
    """`the last 3 weeks`, `the past week`, `for the next month`: so long before now, or from now."""
    found = _ROLLING.search(said)
    if found is None:
        return None
    words = found["length"] or f"1 {found['one'] or found['past_one'] or found['near_one']}"
    which = found["which"] or found["through"] or found["past"] or found["near"]
    length = read_length(words)
    if length is None:
        return None
    here, sign = seen.now.astimezone(UTC), 1 if which in ("next", "coming") else -1
    try:
        other = length.after(here, seen.zone, sign)
    except OverflowError:
        return None
    if length.months and sign < 0:  # of the day before so many months all counts
        other = local.midnight(local.today(other, seen.zone), seen.zone)
    if here == other or not local.FIRST_YEAR < other.year < local.LAST_YEAR:
        return None
    name = f"{'next' if sign > 0 else 'last'} {words}"
    return Period(min(here, other), max(here, other), name)


def _rest(said: str, seen: Seen) -> Period | None:
    found = _REST_OF.search(said)
    if found is None:
        return None
    unit = found["unit"] or found["whole"]
    days = near_days(0, unit, seen.on)
    return Period(seen.now.astimezone(UTC), local.midnight(days[1], seen.zone), f"the rest of {days[2]}")


def _over(said: str, seen: Seen) -> Period | None:
    """`over Christmas`, `over the bank holiday`, `the long weekend`: the row of days off around it."""
    found = _OVER.search(said)
    if found is None:
        return None
    words = found["day"] or found[0]
    if any_holiday := re.match(
        r"(?:bank |public |national |next )*(?:holiday(?P<all>s)?|long weekend)\b", words
    ):
        words = "the holidays" if any_holiday["all"] else "the holiday"
    holiday = next(named_days(words, seen), None)
    if holiday is None or holiday.day is None:
        return None
    first, after = seen.working.off_around(holiday.day)
    return _of_days((first, after, f"{first} to {after - timedelta(days=1)}"), seen)


def _week_of(said: str, seen: Seen) -> Period | None:
    """`the week of 7 December`, `the week after Thanksgiving`."""
    found = _WEEK_OF.search(said)
    if found is None or re.match(r"\d+(?:st|nd|rd|th)? (?:week|day)", found["day"]):
        return None
    day = day_in(found["day"], seen)
    if day is None or day.day is None:
        return None
    ahead = {"after": 7, "before": -7}.get(found["way"], 0)
    start = local.week_start(day.day) + timedelta(days=ahead)
    return _of_days((start, start + timedelta(days=7), f"the week of {start}"), seen)
