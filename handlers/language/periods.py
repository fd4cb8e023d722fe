"""Periods: "Q3 2025", "next quarter", "last week", "March", "since Monday", "from 1 May to 3 June"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from handlers.language import local_time as local
from handlers.language.dates import names_a_date, read_moment
from handlers.language.local_time import MONTH, WEEKDAY, Leaning
from handlers.language.words import NUMBER, number_of, plain


@dataclass(frozen=True, slots=True)
class Period:
    """Half-open: `start` is inside, `end` is not. Both UTC. `name` is how people call it."""

    start: datetime
    end: datetime
    name: str


_Days = tuple[date, date, str]

_YEAR = r"(?P<year>(?:19|20)\d\d)"
_QUARTER = re.compile(
    rf"(?<![\w-])q(?P<q>[1-4])\b(?:[ /,'-]*(?:of )?{_YEAR}\b)?"
    rf"|(?<![\w-]){_YEAR.replace('year', 'before')}[ /-]?q(?P<late>[1-4])(?![\w-])"
)
_QUARTER_WORDS = re.compile(rf"\b(?P<q>first|second|third|fourth|last) quarter(?: of)?(?: {_YEAR})?\b")
_HALF = re.compile(
    rf"\bh(?P<h>[12])(?:[ /-]*{_YEAR})?\b"
    rf"|\b(?P<word>first|second) half(?: of)?(?: the year| {_YEAR.replace('year', 'of_year')})?\b"
)
_NEAR = re.compile(
    r"\b(?P<which>this|current|last|previous|past|next|coming|upcoming) (?P<unit>day|week|month|quarter|year)\b"
    r"|\b(?P<so_far>year to date|ytd|so far this year)\b"
)
_ROLLING = re.compile(
    rf"\b(?P<which>last|past|previous|next|coming) (?P<count>{NUMBER}) "
    r"(?P<unit>hours?|days?|weeks?|months?|quarters?|years?)\b"
)
_WEEKDAYS_RANGE = re.compile(
    rf"(?P<start>{WEEKDAY.replace('(?P<weekday>', '(?:')}) (?:to|until|till|through|-) (?P<end>{WEEKDAY})\b"
)
_DAY_ALONE = re.compile(r"(?:the )?(?P<day>\d{1,2})(?:st|nd|rd|th)?\b(?! ?[:.a-z])")
_WEEK_OF_MONTH = re.compile(rf"\b(?P<n>first|second|third|fourth|last) week (?:of|in) {MONTH}(?: {_YEAR})?\b")
_MONTHS_RANGE = re.compile(
    rf"\b{MONTH}(?: {_YEAR})? ?(?:to|through|until|till|-|–) ?{MONTH.replace('month', 'last')}\b"
    rf"(?: {_YEAR.replace('year', 'last_year')})?(?! ?\d)"
)
_MONTH = re.compile(rf"\b(?P<which>last |next |this )?{MONTH}\b(?:,? {_YEAR})?(?! ?\d)")
_YEAR_MONTH = re.compile(r"(?<![\w-])(?P<y>(?:19|20)\d\d)-(?P<m>0[1-9]|1[0-2])(?![\w-])")
_YEAR_ALONE = re.compile(rf"(?<![\w$.-]){_YEAR}(?![\w-])")
_RANGE = re.compile(r"\b(?:from|between) (?P<start>.+?) (?:to|until|till|through|and|-) (?P<end>.+)")
_SINCE = re.compile(r"\b(?:since|after|starting) (?P<start>.+)")
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": 4}
_UNIT_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def read_period(text: str, now: datetime, zone: str, leaning: Leaning = Leaning.NEAREST) -> Period | None:
    """The period that is said, seen from `now` (aware) in the IANA `zone`.

    A quarter or month without a year is the nearest one to `now`, or the last or next one that has
    begun or is to come, as `leaning` says. "Since X" reaches to `now`. None if no period is said.
    """
    said = plain(text)
    if (spoken := _range(said, now, zone, leaning) or _since(said, now, zone)) is not None:
        return spoken
    if (rolling := _rolling(said, now, zone)) is not None:
        return rolling
    on = local.today(now, zone)
    for calendar in () if names_a_date(said) else _CALENDARS:
        if (days := calendar(said, on, leaning)) is not None:
            start, end, name = days
            return Period(local.midnight(start, zone), local.midnight(end, zone), name)
    day = read_moment(said, now, zone, leaning)
    if day is None or not day.whole_day:
        return None
    return Period(day.at, day.ends, f"{local.today(day.at, zone):%Y-%m-%d}")


def _range(said: str, now: datetime, zone: str, leaning: Leaning) -> Period | None:
    found = _WEEKDAYS_RANGE.search(said) or _RANGE.search(said)
    if found is None:
        return None
    start_words, year = found["start"], _YEAR_ALONE.search(found["end"])
    if year and not re.search(r"\d{4}", start_words):
        start_words = f"{start_words} {year['year']}"
    start = _edge(start_words, now, zone, leaning)
    end = _same_month(start, found["end"], zone) or _edge(found["end"], now, zone, leaning)
    if start is not None and end is not None and end.end <= start.start:
        end = _edge(found["end"], start.start, zone, Leaning.FUTURE)
    if start is None or end is None or start.start >= end.end:
        return None
    return Period(start.start, end.end, f"{start.name} to {end.name}")


def _same_month(start: Period | None, said: str, zone: str) -> Period | None:
    """The day behind "December 1 to 12"."""
    found = _DAY_ALONE.match(said)
    if start is None or found is None:
        return None
    first = local.today(start.start, zone)
    day = local.valid_date(first.year, first.month, int(found["day"]))
    if day is None or day < first:
        return None
    return Period(local.midnight(day, zone), local.midnight(day + timedelta(days=1), zone), f"{day}")


def _since(said: str, now: datetime, zone: str) -> Period | None:
    found = _SINCE.search(said)
    if found is None:
        return None
    start = _edge(found["start"], now, zone, Leaning.PAST)
    if start is None or start.start >= now:
        return None
    return Period(start.start, now.astimezone(UTC), f"since {start.name}")


def _edge(said: str, now: datetime, zone: str, leaning: Leaning) -> Period | None:
    """What stands before or behind "to": a day, an instant, a month, a quarter, a year."""
    moment = read_moment(said, now, zone, leaning)
    if moment is not None:
        precision = "%Y-%m-%d" if moment.whole_day else "%Y-%m-%d %H:%M UTC"
        shown = local.today(moment.at, zone) if moment.whole_day else moment.at
        return Period(moment.at, moment.ends, shown.strftime(precision))
    on = local.today(now, zone)
    days = next((days for read in _CALENDARS if (days := read(said, on, leaning)) is not None), None)
    return Period(local.midnight(days[0], zone), local.midnight(days[1], zone), days[2]) if days else None


def _rolling(said: str, now: datetime, zone: str) -> Period | None:
    found = _ROLLING.search(said)
    if found is None:
        return None
    count, unit = number_of(found["count"]), found["unit"].removesuffix("s")
    if not 0 < count <= 1000:
        return None
    sign = 1 if found["which"] in ("next", "coming") else -1
    here = now.astimezone(UTC)
    if unit in _UNIT_MONTHS:
        on = local.today(now, zone)
        if not local.FIRST_YEAR < on.year + sign * count * _UNIT_MONTHS[unit] // 12 < local.LAST_YEAR:
            return None
        other = local.midnight(local.same_day(on, sign * count * _UNIT_MONTHS[unit]), zone)
    else:
        other = (
            here + sign * count * {"hour": timedelta(hours=1), "day": timedelta(1), "week": timedelta(7)}[unit]
        )
    name = f"{'next' if sign > 0 else 'last'} {count} {unit}{'s' if count != 1 else ''}"
    return Period(min(here, other), max(here, other), name)


def _quarter(said: str, on: date, leaning: Leaning) -> _Days | None:
    found = _QUARTER.search(said)
    if found is not None:
        number, year = int(found["q"] or found["late"]), found["year"] or found["before"]
    else:
        worded = _QUARTER_WORDS.search(said)
        if worded is None or (worded["q"] == "last" and worded["year"] is None):
            return None
        number, year = _ORDINALS[worded["q"]], worded["year"]
    start = _placed(number * 3 - 2, 3, int(year) if year else None, on, leaning)
    return start, local.months_on(start, 3), f"Q{number} {start.year}"


def _half(said: str, on: date, leaning: Leaning) -> _Days | None:
    found = _HALF.search(said)
    if found is None:
        return None
    number = int(found["h"]) if found["h"] else _ORDINALS[found["word"]]
    year = found["year"] or found["of_year"]
    start = _placed(number * 6 - 5, 6, int(year) if year else None, on, leaning)
    return start, local.months_on(start, 6), f"H{number} {start.year}"


def _near(said: str, on: date, _leaning: Leaning) -> _Days | None:
    found = _NEAR.search(said)
    if found is None:
        return None
    if found["so_far"]:
        return date(on.year, 1, 1), on + timedelta(days=1), f"{on.year} so far"
    step = {"this": 0, "current": 0, "last": -1, "previous": -1, "past": -1}.get(found["which"], 1)
    unit = found["unit"]
    if unit in ("day", "week"):
        size = {"day": 1, "week": 7}[unit]
        start = (local.week_start(on) if unit == "week" else on) + timedelta(days=step * size)
        return start, start + timedelta(days=size), f"the week of {start}" if unit == "week" else f"{start}"
    first = {"month": on.replace(day=1), "quarter": local.quarter_start(on), "year": date(on.year, 1, 1)}[unit]
    start = local.months_on(first, step * _UNIT_MONTHS[unit])
    quarter = f"Q{(start.month + 2) // 3} {start.year}"
    names = {"month": f"{start:%B %Y}", "quarter": quarter, "year": f"{start.year}"}
    return start, local.months_on(start, _UNIT_MONTHS[unit]), names[unit]


def _week_of_month(said: str, on: date, leaning: Leaning) -> _Days | None:
    """The first week of a month is its days 1 to 7; the last are its last seven."""
    found = _WEEK_OF_MONTH.search(said)
    if found is None:
        return None
    year = int(found["year"]) if found["year"] else None
    first = _placed(local.month_number(found["month"]), 1, year, on, leaning)
    last = local.months_on(first, 1) - timedelta(days=7)
    start = last if found["n"] == "last" else first + timedelta(weeks=_ORDINALS[found["n"]] - 1)
    return start, start + timedelta(days=7), f"the {found['n']} week of {first:%B %Y}"


def _month(said: str, on: date, leaning: Leaning) -> _Days | None:
    both = _MONTHS_RANGE.search(said)
    if both is not None:
        return _months(both, on, leaning)
    if written := _YEAR_MONTH.search(said):
        start = date(int(written["y"]), int(written["m"]), 1)
        return start, local.months_on(start, 1), f"{start:%B %Y}"
    found = next((one for one in _MONTH.finditer(said) if _is_month(said, one)), None)
    if found is None:
        return None
    which = (found["which"] or "").strip()
    leaning = {"last": Leaning.PAST, "next": Leaning.FUTURE}.get(which, leaning)
    year = int(found["year"]) if found["year"] else on.year if which == "this" else None
    start = _placed(local.month_number(found["month"]), 1, year, on, leaning)
    if which and start == on.replace(day=1) and which != "this":
        start = local.months_on(start, 12 if which == "next" else -12)
    return start, local.months_on(start, 1), f"{start:%B %Y}"


def _is_month(said: str, found: re.Match[str]) -> bool:
    """ "may" and "mar" are other words too: they count with a year, or behind a word that a time follows."""
    if found["month"] not in ("may", "mar", "sep", "dec", "jan") or found["year"] or found["which"]:
        return True
    before = said[: found.start("month")]
    return bool(re.search(r"\b(?:in|for|of|by|since|during|until|till|from|to|and|through) $", before))


def _months(found: re.Match[str], on: date, leaning: Leaning) -> _Days:
    year, last_year = found["year"], found["last_year"]
    first, last = local.month_number(found["month"]), local.month_number(found["last"])
    length = (last - first) % 12 + 1
    if year is None and last_year is not None:
        year = str(int(last_year) - (1 if last < first else 0))
    start = _placed(first, length, int(year) if year else None, on, leaning)
    end = local.months_on(start, length)
    return start, end, f"{start:%B %Y} to {local.months_on(end, -1):%B %Y}"


def _year(said: str, _on: date, _leaning: Leaning) -> _Days | None:
    found = _YEAR_ALONE.search(said)
    if found is None or not local.FIRST_YEAR <= int(found["year"]) < local.LAST_YEAR:
        return None
    year = int(found["year"])
    return date(year, 1, 1), date(year + 1, 1, 1), f"{year}"


def _placed(month: int, months: int, year: int | None, on: date, leaning: Leaning) -> date:
    """The first day of the span of `months` that begins in `month`: of `year`, or of the year that is meant."""
    if year is not None:
        return date(year, month, 1)
    starts = [date(on.year + step, month, 1) for step in (-1, 0, 1)]
    if leaning is Leaning.PAST:
        return max(start for start in starts if start <= on)
    if leaning is Leaning.FUTURE:
        return min(start for start in starts if local.months_on(start, months) > on)

    def distance(start: date) -> float:
        return abs((start - on).days + (local.months_on(start, months) - start).days / 2)

    return min(starts, key=distance)


_Calendar = Callable[[str, date, Leaning], _Days | None]
_CALENDARS: tuple[_Calendar, ...] = (_quarter, _half, _near, _week_of_month, _month, _year)
