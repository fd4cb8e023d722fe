"""Days as documents write them, in the languages that they come in: days, ends of months, weeks of work."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january januar enero janvier jan",
            "february februar febrero février feb",
            "march märz marzo mars mar",
            "april abril avril apr",
            "may mai mayo",
            "june juni junio juin jun",
            "july juli julio juillet jul",
            "august agosto août aug",
            "september septiembre septembre sep sept",
            "october oktober octubre octobre oct",
            "november noviembre novembre nov",
            "december dezember diciembre décembre dec",
        ),
        1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR = r"(?:,?\s+(?:de\s+|del\s+)?(?P<{0}>20\d\d))"
_WORDS = "one two three four five six seven eight nine ten eleven twelve"
_NUMBERS = {word: at for at, word in enumerate(_WORDS.split(), 1)}
_COUNT = rf"\d{{1,2}}|{'|'.join(_NUMBERS)}"

_WHEN = re.compile(
    rf"(?P<iso>\b(?P<iy>20\d\d)-(?P<im>\d\d)-(?P<id>\d\d)\b)"
    rf"|(?P<cjk>(?P<cy>20\d\d)年(?P<cm>\d\d?)月(?:(?P<cd>\d\d?)日)?)"
    rf"|(?P<end>\b(?:end of|ende|(?:a )?fin(?:ales)? de|fin)\s+(?P<em>{_MONTH})\b{_YEAR.format('ey')}?)"
    rf"|(?P<dmy>\b(?P<dd>\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?:of\s+|de\s+)?(?P<dm>{_MONTH})\b\.?{_YEAR.format('dy')}?)"
    rf"|(?P<mdy>\b(?P<mm>{_MONTH})\.?\s+(?P<md>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<my>20\d\d)\b)"
    rf"|(?P<month>\b(?P<nm>{_MONTH})\s+(?P<ny>20\d\d)\b)"
    rf"|(?P<quarter>\bQ(?P<qn>[1-4])[ /-]?(?P<qy>20\d\d)\b)"
    rf"|(?P<week>\bweek\s+(?P<wn>\d{{1,2}})\b)"
    rf"|(?P<after>\b(?P<an>{_COUNT})\s+weeks?\s+after\s+(?:the\s+)?(?:start|kick-?off|beginning))"
    rf"|(?P<later>\b(?P<ln>{_COUNT})\s+weeks?\s+later\b)"
    rf"|(?P<sprint>\bsprint\s+(?P<sn>\d{{1,3}})\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Written:
    """A time in a line, from `at` to `to`: the last day that it names, or the end of a week of work counted
    from the start, or the end of the company's sprint of this number."""

    text: str
    at: int
    to: int
    day: date | None = None
    weeks: int | None = None
    sprint: int | None = None


def written_dates(line: str, today: date) -> Iterator[Written]:
    """All times of a line. A day without its year is the next such day."""
    weeks: int | None = None
    for match in _WHEN.finditer(line):
        found = match.groupdict()
        day: date | None = None
        sprint: int | None = None
        if found["week"] or found["after"]:
            weeks = _number(found["wn"] or found["an"])
        elif found["later"]:
            if weeks is None:
                continue
            weeks += _number(found["ln"])
        elif found["sprint"]:
            sprint = int(found["sn"])
        else:
            day = _day(found, today)
            if day is None:
                continue
        relative = weeks if day is None and sprint is None else None
        yield Written(match[0], match.start(), match.end(), day, relative, sprint)


def _day(found: dict[str, str | None], today: date) -> date | None:
    if found["iso"]:
        return _of(int(found["iy"] or 0), int(found["im"] or 0), int(found["id"] or 0))
    if found["cjk"]:
        return _of(int(found["cy"] or 0), int(found["cm"] or 0), int(found["cd"] or 0))
    if found["quarter"]:
        return _of(int(found["qy"] or 0), 3 * int(found["qn"] or 0), 0)
    if found["mdy"]:
        return _of(int(found["my"] or 0), _month(found["mm"]), int(found["md"] or 0))
    if found["month"]:
        return _of(int(found["ny"] or 0), _month(found["nm"]), 0)
    name, number, year = (
        (found["em"], 0, found["ey"]) if found["end"] else (found["dm"], int(found["dd"] or 0), found["dy"])
    )
    month = _month(name)
    if year:
        return _of(int(year), month, number)
    this = _of(today.year, month, number)
    return this if this is None or this >= today else _of(today.year + 1, month, number)


def _month(name: str | None) -> int:
    return _MONTHS[(name or "").lower()]


def _of(year: int, month: int, number: int) -> date | None:
    """That day; the month's last for number 0; None if the calendar has no such day."""
    if not 1 <= month <= 12:
        return None
    last = calendar.monthrange(year, month)[1]
    return date(year, month, number or last) if number <= last else None


def _number(text: str | None) -> int:
    return _NUMBERS.get((text or "").lower()) or int(text or 0)
