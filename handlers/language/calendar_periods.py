"""Periods of the calendar: "Q3 2025", "next quarter", "last week", "the weekend", "March", "H1", "2026".

Over text that `in_calendar_words` has spelt; whole local days.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from handlers.language import local_time as local
from handlers.language.calendar_words import MONTH, month_number
from handlers.language.local_time import Leaning

Days = tuple[date, date, str]
"""The first day, the day after the last one, and how people call it."""

YEAR = r"(?P<year>(?:19|20)\d\d)"
UNIT_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_QUARTER = re.compile(
    rf"(?<![\w-])q(?P<q>[1-4])\b(?:[ /,'-]*(?:of )?{YEAR}\b)?"
    rf"|(?<![\w-]){YEAR.replace('year', 'before')}[ /-]?q(?P<late>[1-4])(?![\w-])"
)
_QUARTER_WORDS = re.compile(rf"\b(?P<q>first|second|third|fourth|last) quarter(?: of)?(?: {YEAR})?\b")
_HALF = re.compile(
    rf"\bh(?P<h>[12])(?:[ /-]*{YEAR})?\b"
    rf"|\b(?P<word>first|second) half(?: of)?(?: the year| {YEAR.replace('year', 'of_year')})?\b"
)
_NEAR = re.compile(
    r"\b(?P<which>this|current|last|previous|next|coming|upcoming) (?P<unit>day|week|month|quarter|year)\b"
    r"(?! (?:from|on|after)\b)"
    r"|\b(?P<so_far>year to date|ytd|so far this year)\b"
)
_WEEK_AFTER = re.compile(r"\bweek (?:after(?: next)?|(?P<back>before last))\b")
_WEEKEND = re.compile(r"\b(?:(?P<which>next|this|last|past|coming) )?weekend\b")
_WEEK_OF_MONTH = re.compile(
    rf"\b(?P<n>first|second|third|fourth|last) (?P<count>\d{{1,2}} )?(?P<unit>week|day)s? (?:of|in) {MONTH}"
    rf"(?: {YEAR})?\b"
)
_MONTHS_RANGE = re.compile(
    rf"\b{MONTH}(?: {YEAR})? ?(?:to|through|until|-) ?{MONTH.replace('month', 'last')}\b"
    rf"(?: {YEAR.replace('year', 'last_year')})?(?! ?\d)"
)
_MONTH = re.compile(rf"\b(?P<which>last |next |this )?{MONTH}\b(?:,? {YEAR})?(?! ?\d)")
_YEAR_MONTH = re.compile(r"(?<![\w-])(?P<y>(?:19|20)\d\d)-(?P<m>0[1-9]|1[0-2])(?![\w-])")
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": 4}
YEAR_ALONE = re.compile(rf"(?<![\w$.-]){YEAR}(?![\w-])")


def calendar_days(said: str, on: date, leaning: Leaning) -> Days | None:
    """The week, weekend, month, quarter, half or year that is said on the day `on`; None if none is."""
    return next((days for read in _READERS if (days := read(said, on, leaning)) is not None), None)


def weekend_meant(which: str | None, on: date, leaning: Leaning) -> date:
    """The Saturday of the weekend that is said: this week's, the next week's, the last one's."""
    saturday = local.week_start(on) + timedelta(days=5)
    if which == "next":
        return saturday + timedelta(days=7)
    back = which in ("last", "past") or (which is None and leaning is Leaning.PAST and on < saturday)
    return saturday - timedelta(days=7) if back else saturday


def near_days(step: int, unit: str, on: date) -> Days:
    """The day, week, month, quarter or year that lies `step` of them from that of `on`."""
    if unit in ("day", "week"):
        size = {"day": 1, "week": 7}[unit]
        start = (local.week_start(on) if unit == "week" else on) + timedelta(days=step * size)
        return start, start + timedelta(days=size), f"the week of {start}" if unit == "week" else f"{start}"
    first = {"month": on.replace(day=1), "quarter": local.quarter_start(on), "year": date(on.year, 1, 1)}[unit]
    start = local.months_on(first, step * UNIT_MONTHS[unit])
    quarter = f"Q{(start.month + 2) // 3} {start.year}"
    names = {"month": f"{start:%B %Y}", "quarter": quarter, "year": f"{start.year}"}
    return start, local.months_on(start, UNIT_MONTHS[unit]), names[unit]


def _quarter(said: str, on: date, leaning: Leaning) -> Days | None:
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


def _half(said: str, on: date, leaning: Leaning) -> Days | None:
    found = _HALF.search(said)
    if found is None:
        return None
    number = int(found["h"]) if found["h"] else _ORDINALS[found["word"]]
    year = found["year"] or found["of_year"]
    start = _placed(number * 6 - 5, 6, int(year) if year else None, on, leaning)
    return start, local.months_on(start, 6), f"H{number} {start.year}"


def _near(said: str, on: date, _leaning: Leaning) -> Days | None:
    found = _NEAR.search(said)
    if found is None:
        return None
    if found["so_far"]:
        return date(on.year, 1, 1), on + timedelta(days=1), f"{on.year} so far"
    step = {"this": 0, "current": 0, "last": -1, "previous": -1}.get(found["which"], 1)
    return near_days(step, found["unit"], on)


def _week_after(said: str, on: date, _leaning: Leaning) -> Days | None:
    """`the week after`, `the week after next`: the one behind next week; `the week before last`."""
    found = _WEEK_AFTER.search(said)
    return near_days(-2 if found["back"] else 2, "week", on) if found else None


def _weekend(said: str, on: date, leaning: Leaning) -> Days | None:
    found = _WEEKEND.search(said)
    if found is None:
        return None
    saturday = weekend_meant(found["which"], on, leaning)
    return saturday, saturday + timedelta(days=2), f"the weekend of {saturday}"


def _week_of_month(said: str, on: date, leaning: Leaning) -> Days | None:
    """The first week of a month is its days 1 to 7, the last its last seven. `the first two weeks of May`."""
    found = _WEEK_OF_MONTH.search(said)
    if found is None or not 0 < int(found["count"] or 1) <= 31:
        return None
    year = int(found["year"]) if found["year"] else None
    first = _placed(month_number(found["month"]), 1, year, on, leaning)
    step = timedelta(days=7 if found["unit"] == "week" else 1)
    length = step * int(found["count"] or 1)
    last = local.months_on(first, 1) - length
    start = last if found["n"] == "last" else first + step * (_ORDINALS[found["n"]] - 1)
    count = found["count"] or ""
    return start, start + length, f"the {found['n']} {count}{found['unit']} of {first:%B %Y}"


def _month(said: str, on: date, leaning: Leaning) -> Days | None:
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
    start = _placed(month_number(found["month"]), 1, year, on, leaning)
    if which and start == on.replace(day=1) and which != "this":
        start = local.months_on(start, 12 if which == "next" else -12)
    return start, local.months_on(start, 1), f"{start:%B %Y}"


def _is_month(said: str, found: re.Match[str]) -> bool:
    """`may` and `march` are other words too: they count with a year, or behind a word that a time follows."""
    if found["month"] not in ("may", "march") or found["year"] or found["which"]:
        return True
    before = said[: found.start("month")]
    return bool(re.search(r"\b(?:in|for|of|by|since|during|until|from|to|and|through) $", before))


def _months(found: re.Match[str], on: date, leaning: Leaning) -> Days:
    year, last_year = found["year"], found["last_year"]
    first, last = month_number(found["month"]), month_number(found["last"])
    length = (last - first) % 12 + 1
    if year is None and last_year is not None:
        year = str(int(last_year) - (1 if last < first else 0))
    start = _placed(first, length, int(year) if year else None, on, leaning)
    end = local.months_on(start, length)
    return start, end, f"{start:%B %Y} to {local.months_on(end, -1):%B %Y}"


def _year(said: str, _on: date, _leaning: Leaning) -> Days | None:
    found = YEAR_ALONE.search(said)
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


_READERS: tuple[Callable[[str, date, Leaning], Days | None], ...] = (
    _quarter,
    _half,
    _near,
    _week_after,
    _weekend,
    _week_of_month,
    _month,
    _year,
)
