"""Calendar periods in a sentence: days, months, quarters and years, as half-open ranges of days."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_NAMES = "|".join(name for name in calendar.month_name if name)
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_PATTERNS = re.compile(
    rf"\b(?P<iso>(20\d\d)-(\d\d)(?:-(\d\d))?)\b|\b(?P<quarter>Q([1-4])[ /-]?(20\d\d)|(20\d\d)[ /-]?Q([1-4]))\b|"
    rf"\b(?P<named>(?:{_DAY} )?({_NAMES})(?: {_DAY})?,? (20\d\d))\b"
)


@dataclass(frozen=True, slots=True)
class Period:
    """`starts` to the day before `ends`, as written in `text`."""

    starts: date
    ends: date
    text: str

    def meets(self, other: Period) -> bool:
        """Whether the two share a day."""
        return self.starts < other.ends and other.starts < self.ends


def periods(text: str) -> tuple[Period, ...]:
    """All periods that name their year; what is no date of the calendar is left out."""
    return tuple(found for match in _PATTERNS.finditer(text) if (found := _period(match)) is not None)


def _period(match: re.Match[str]) -> Period | None:
    groups = match.groups()
    if match["iso"]:
        return _of(int(groups[1]), int(groups[2]), int(groups[3] or 0), match[0])
    if match["quarter"]:
        quarter, year = int(groups[5] or groups[8]), int(groups[6] or groups[7])
        first = date(year, 3 * quarter - 2, 1)
        return Period(first, _month_after(date(year, 3 * quarter, 1)), match[0])
    return _of(int(groups[13]), _MONTHS[groups[11].lower()], int(groups[10] or groups[12] or 0), match[0])


def _of(year: int, month: int, day: int, text: str) -> Period | None:
    if not 1 <= month <= 12 or day > calendar.monthrange(year, month)[1]:
        return None
    if day:
        starts = date(year, month, day)
        return Period(starts, starts + timedelta(days=1), text)
    return Period(date(year, month, 1), _month_after(date(year, month, 1)), text)


def _month_after(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
