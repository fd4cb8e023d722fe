"""Times as the data writes them in prose: `Fri 4 Dec 18:00`, `Wed 9 Dec 14:00 to 15:00`, `until Monday`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HERE = ZoneInfo("America/New_York")
_ZONES = {"new york": HERE, "dublin": ZoneInfo("Europe/Dublin"), "utc": ZoneInfo("UTC")}
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_CLOCK = r"(?P<clock>\d{1,2}:\d\d)(?:\s+(?P<zone>New York|Dublin|UTC))?"
_WEEKDAY = r"(?P<weekday>(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*)"
_MONTH = rf"(?P<month>(?:{'|'.join(_MONTHS)})[a-z]*)"
_DAY = rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH}(?:\s+(?P<year>\d{{4}}))?"
_ALONE = r"(?P<alone>(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)|(?P<near>today|tomorrow)"
_TIMES = re.compile(
    rf"\b(?:(?:{_WEEKDAY},?\s+)?{_DAY}|{_ALONE})\b"
    rf"(?:,?\s+(?:at\s+)?{_CLOCK})?|\b{_CLOCK.replace('clock', 'only').replace('zone', 'its_zone')}",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class When:
    """A day, a time of day, or both, in a time zone."""

    day: date | None
    clock: time | None
    zone: ZoneInfo = HERE

    def fits(self, moment: datetime) -> bool:
        """Whether a moment is meant by it. Of a day without a time any moment is, and its very end."""
        here = moment.astimezone(self.zone)
        if self.clock is not None:
            return here.time().replace(second=0, microsecond=0) == self.clock and self.day in (
                None,
                here.date(),
            )
        return self.day in (here.date(), (here - timedelta(seconds=1)).date())

    def moment(self, otherwise: time) -> datetime:
        """The moment itself; `otherwise` is the time of a day without one. Raises ValueError without a day."""
        if self.day is None:
            raise ValueError("a time of day is no moment")
        return datetime.combine(self.day, self.clock or otherwise, self.zone)


def times_in(text: str, now: datetime) -> tuple[When, ...]:
    """The times in `text`, in order. A time of day after a day belongs to that day."""
    return tuple(_found(text, now.astimezone(HERE).date()))


def _found(text: str, today: date) -> Iterator[When]:
    last: date | None = None
    for found in _TIMES.finditer(text):
        clock = found["clock"] or found["only"]
        zone = _ZONES[(found["zone"] or found["its_zone"] or "new york").casefold()]
        if found["only"] is None:
            last = _day(found, today)
        if clock == "24:00":
            yield When(last and last + timedelta(days=1), time(0), zone)
        elif last is not None or clock:
            yield When(last, _clock(clock) if clock else None, zone)


def _clock(written: str) -> time:
    hours, minutes = map(int, written.split(":"))
    return time(hours % 24, minutes % 60)


def _day(found: re.Match[str], today: date) -> date | None:
    """The day that is written, in the year nearest to today if none is; None for a day that no month has."""
    if found["near"]:
        return today + timedelta(days=found["near"].casefold() == "tomorrow")
    if found["alone"]:
        ahead = (_DAYS.index(found["alone"][:3].casefold()) - today.weekday()) % 7
        return today + timedelta(days=ahead or 7)
    month = _MONTHS.index(found["month"][:3].casefold()) + 1
    years = [int(found["year"])] if found["year"] else [today.year + years for years in (-1, 0, 1)]
    possible = [_date(year, month, int(found["day"])) for year in years]
    return min(filter(None, possible), key=lambda day: abs((day - today).days), default=None)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
