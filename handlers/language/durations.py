"""Lengths of time: "90 min", "an hour and a half", "2h30", "half a day", "a fortnight", "300 hours"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from handlers.language.local_time import instant, same_day
from handlers.language.words import in_digits

_MOST_DAYS = 40_000
_UNITS = {
    "second": (0, 1.0), "minute": (0, 60.0), "hour": (0, 3600.0), "day": (1, 0.0), "week": (7, 0.0),
    "fortnight": (14, 0.0),
}  # fmt: skip
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_SHORT = {
    "s": "second", "sec": "second", "m": "minute", "min": "minute", "h": "hour", "hr": "hour", "d": "day",
    "w": "week", "wk": "week", "mo": "month", "mth": "month", "yr": "year",
    "stunde": "hour", "stunden": "hour", "tag": "day", "tage": "day", "tagen": "day", "woche": "week",
    "wochen": "week", "minuten": "minute", "hora": "hour", "minuto": "minute", "día": "day", "dia": "day",
    "semana": "week", "heure": "hour", "jour": "day", "semaine": "week",
}  # fmt: skip
UNIT = (
    r"(?:(?:second|minute|hour|day|week|fortnight|month|quarter|year)s?|secs?|mins?|hrs?|wks?|mths?|yrs?|mo|[smhdw]"
    r"|stunden?|tagen?|tage?|wochen?|minuten|horas?|minutos?|d[ií]as?|semanas?|heures?|jours?|semaines?)"
)
_COUNT = r"(?:(?P<{0}>\d{{1,3}}(?:,\d{{3}})+|\d+(?:\.\d+)?)|(?:an?|eine?n?|una?|une)(?=[ -]))"
_PIECE = re.compile(
    r"(?<![\w.,$€£#-])(?:"
    r"(?P<h>\d+) ?h ?(?P<min>[0-5]\d)(?: ?m(?:in(?:ute)?s?)?)?"
    r"|(?:a )?half (?:an? |of an? )?(?P<half>hour|day|week|month|year)"
    r"|(?:an? )?(?P<quarters>\d )?quarters?(?: of)?(?: an)? hour"
    rf"|{_COUNT.format('whole')}[ -]?(?P<whole_unit>{UNIT})(?P<and_half> and a half)"
    rf"|{_COUNT.format('halved')} and a half[ -]?(?P<halved_unit>{UNIT})"
    rf"|{_COUNT.format('count')}[ -]?(?:more |extra |business |working |agent[ -]?)?(?P<unit>{UNIT})"
    r")(?![\w']|-\d)"
)
_NEXT_PIECE = re.compile(r",? (?:and )?|,? ?")


@dataclass(frozen=True, slots=True)
class Length:
    """A length of time as it was said. Days and months are the calendar's, seconds the clock's."""

    months: int = 0
    days: int = 0
    seconds: float = 0.0

    def after(self, at: datetime, zone: str, times: int = 1) -> datetime:
        """`at` (aware) moved on: over a clock change days and months keep the time of day, hours do not.
        Raises OverflowError where the calendar ends."""
        moved = at.astimezone(UTC)
        if self.months or self.days:
            here = at.astimezone(ZoneInfo(zone))
            if not 1 < here.year + times * self.months / 12 < 9990:
                raise OverflowError("beyond the calendar")
            day: date = same_day(here.date(), times * self.months) + timedelta(days=times * self.days)
            moved = instant(day, here.time(), zone)
        return moved + timedelta(seconds=times * self.seconds)


def read_length(text: str) -> Length | None:
    """The first length of time that is said; its parts are added up (`3 days and 4 hours`)."""
    found = length_in(in_digits(text))
    return found[0] if found else None


def length_in(said: str) -> tuple[Length, int, int] | None:
    """`read_length` for text in digits, with where it is said."""
    first = found = _PIECE.search(said)
    if first is None or found is None:
        return None
    length = _piece(found)
    while (joined := _NEXT_PIECE.match(said, found.end())) and (more := _PIECE.match(said, joined.end())):
        added = _piece(more)
        length = Length(length.months + added.months, length.days + added.days, length.seconds + added.seconds)
        found = more
    is_sane = length.months < 12_000 and length.days < _MOST_DAYS and length.seconds < 1e9
    return (length, first.start(), found.end()) if is_sane else None


def read_duration(text: str) -> timedelta | None:
    """The first length of time as a fixed one, a day being 24 hours; None for months, which are not fixed."""
    length = read_length(text)
    return None if length is None or length.months else timedelta(days=length.days, seconds=length.seconds)


def read_hours(text: str) -> float | None:
    """A number of hours of work: `300 hours`, `1,200 h`, `80 agent-hours`; None where no hours are said."""
    found = _HOURS.search(in_digits(text))
    return float(found["hours"].replace(",", "")) if found else None


_HOURS = re.compile(
    r"(?<![\w.,$€£-])(?P<hours>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?) ?(?:agent[- ]?)?h(?:ours?|rs?)?\b"
)


def _piece(found: re.Match[str]) -> Length:
    if found["h"]:
        return Length(seconds=int(found["h"]) * 3600.0 + int(found["min"]) * 60)
    if found["half"]:
        return _of(0.5, found["half"])
    if found["unit"]:
        return _of(_number(found["count"]), found["unit"])
    if found["whole_unit"]:
        return _of(_number(found["whole"]) + 0.5, found["whole_unit"])
    if found["halved_unit"]:
        return _of(_number(found["halved"]) + 0.5, found["halved_unit"])
    return Length(seconds=900.0 * int(found["quarters"] or 1))


def _number(written: str | None) -> float:
    """What a count in digits comes to; without one it was "a" or "an"."""
    return float(written.replace(",", "")) if written else 1.0


def _of(count: float, unit: str) -> Length:
    name = _SHORT.get(unit) or _SHORT.get(unit.removesuffix("s")) or unit.removesuffix("s")
    if name in _MONTHS:
        months = count * _MONTHS[name]
        return Length(months=int(months), days=round((months - int(months)) * 30))
    days, seconds = _UNITS[name]
    whole = int(count * days)
    return Length(days=whole, seconds=count * seconds + (count * days - whole) * 86_400)
