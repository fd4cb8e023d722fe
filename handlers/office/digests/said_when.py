"""When somebody wants a digest, read from their words: the time, the days, the time zone, quiet hours."""

from __future__ import annotations

import re
from datetime import time
from functools import cache
from zoneinfo import available_timezones

from handlers.language.calendar_words import WEEKDAY, in_calendar_words, weekday_number
from handlers.language.clock import read_clock, read_clock_range
from handlers.language.day_lists import excepted
from handlers.office.digests.schedule import EVERY_DAY
from handlers.office.digests.settings import WORKING_DAYS

_TO = re.compile(r"\bto (?=(?:[01]?\d|2[0-3])(?:[:.][0-5]\d)?(?![\w:.]*\d|st\b|nd\b|rd\b|th\b))")

_ANY_DAY = rf"\b{WEEKDAY}\b"
_SECOND_DAY = _ANY_DAY.replace("(?P<weekday>", "(?P<last>")
_DAYS_RANGE = re.compile(rf"{_ANY_DAY} ?(?:to|through|until|-) ?{_SECOND_DAY}")
_EVERY_DAY = re.compile(
    r"\b(?:every|each) ?day\b(?! of)|\b(?:7|seven) days\b"
    r"|\b(?:also|and|including|even) (?:on |at )?(?:the )?weekends?\b|\bweekends? (?:too|as well)\b"
)
_WORKING = re.compile(
    r"\b(?:week|work|working|business) ?-?days?\b"
    r"|\b(?:no|not|never|nothing|except|without|stop)\b[^.]{0,40}\bweekends?\b"
)
_WEEKEND = re.compile(r"\b(?:on|at|every) (?:the )?weekends?\b")

_IANA = re.compile(r"\b[a-z]+(?:/[a-z_+-]+\d*)+")
_REGIONS = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Pacific")

_BARE_RANGE = re.compile(
    r"\b(?P<first>[01]?\d|2[0-3])(?::(?P<minute>[0-5]\d))? ?(?:to|until|and|-) ?"
    r"(?P<last>[01]?\d|2[0-3])(?::(?P<last_minute>[0-5]\d))?\b"
)


def read_time(said: str) -> time | None:
    """The time of day in plain words: `at 8:30`, `to 9`, `in the evening at six`, `friday afternoon`."""
    clock = read_clock(_TO.sub("at ", in_calendar_words(said)), as_written=True)
    return clock.at if clock else None


def read_days(said: str) -> frozenset[int] | None:
    """The weekdays in plain words, WORKING_DAYS for the calendar's own; None if none are said."""
    said = in_calendar_words(said)
    if _EVERY_DAY.search(said):
        return EVERY_DAY
    if (but := excepted(said)).weekdays:
        return frozenset(range(5)) - but.weekdays
    days = _days_in(said)
    if _WORKING.search(said) or days == frozenset(range(5)):
        return WORKING_DAYS
    if days:
        return days
    return frozenset({5, 6}) if _WEEKEND.search(said) else None


def _days_in(said: str) -> frozenset[int]:
    if (found := _DAYS_RANGE.search(said)) is not None:
        first, last = weekday_number(found["weekday"]), weekday_number(found["last"])
        return frozenset((first + ahead) % 7 for ahead in range((last - first) % 7 + 1))
    return frozenset(weekday_number(found["weekday"]) for found in re.finditer(_ANY_DAY, said))


def read_zone(said: str) -> str | None:
    """The time zone in plain words, by its IANA name or a city: `europe/dublin`, `in dublin time`."""
    by_name = _zones_by_name()
    for found in _IANA.finditer(said):
        if found[0] in by_name:
            return by_name[found[0]]
    found_city = _city().search(said)
    if found_city is None:
        return None
    return _zones_by_city()[found_city["city"] or found_city["time"]]


def read_quiet(said: str) -> tuple[time, time] | None:
    """From when to when, in plain words: `20:00 to 7:00`, `between 8 pm and 7 am`, `22 to 7`."""
    said = in_calendar_words(said)
    if (both := read_clock_range(said, as_written=True)) is not None:
        return both.first, both.last
    found = _BARE_RANGE.search(said)
    if found is None:
        return None
    return (
        time(int(found["first"]), int(found["minute"] or 0)),
        time(int(found["last"]), int(found["last_minute"] or 0)),
    )


@cache
def _zones_by_name() -> dict[str, str]:
    return {zone.casefold(): zone for zone in available_timezones()}


@cache
def _zones_by_city() -> dict[str, str]:
    cities = {
        zone.rpartition("/")[2].replace("_", " ").casefold(): zone
        for zone in sorted(available_timezones())
        if zone.startswith(_REGIONS)
    }
    return {**cities, "utc": "UTC", "gmt": "UTC"}


@cache
def _city() -> re.Pattern[str]:
    names = "|".join(map(re.escape, sorted(_zones_by_city(), key=len, reverse=True)))
    return re.compile(rf"\btime ?zones?\b.*?\b(?P<city>{names})\b|\b(?P<time>{names}) time\b")
