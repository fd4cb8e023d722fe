"""Local calendar arithmetic: days, weeks, months and quarters of a time zone as UTC instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip

FIRST_YEAR, LAST_YEAR = 1990, 2100


class Leaning(Enum):
    """Which of several possible times is meant when the words leave it open: "March", "3 AM", "Q2"."""

    PAST = "past"
    FUTURE = "future"
    NEAREST = "nearest"


def instant(day: date, at: time, zone: str) -> datetime:
    """A local wall time as UTC. A time that is skipped when clocks go forward is moved on by the gap; of
    one that comes twice the first is meant."""
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def midnight(day: date, zone: str) -> datetime:
    """The beginning of a local day."""
    return instant(day, time(), zone)


def today(now: datetime, zone: str) -> date:
    """The local day that it is at `now`."""
    return now.astimezone(ZoneInfo(zone)).date()


def days_on(at: datetime, days: int, zone: str) -> datetime:
    """The same wall time `days` local days later, also over a change of the clocks."""
    here = at.astimezone(ZoneInfo(zone))
    return instant(here.date() + timedelta(days=days), here.time(), zone)


def months_on(day: date, months: int) -> date:
    """The first of the month that lies `months` after `day`'s."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def same_day(day: date, months: int) -> date:
    """`day` moved by months, or the last day of a month that is shorter (31 March less one: 28 February)."""
    first = months_on(day, months)
    last = months_on(first, 1) - timedelta(days=1)
    return first.replace(day=min(day.day, last.day))


def quarter_start(day: date) -> date:
    """The first day of `day`'s calendar quarter."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def week_start(day: date) -> date:
    """The Monday of `day`'s week."""
    return day - timedelta(days=day.weekday())


def valid_date(year: int, month: int, day: int) -> date | None:
    """The date, or None if there is no such day (30 February) or the year is not one people mean."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def year_meant(month: int, day: int, on: date, leaning: Leaning) -> date | None:
    """Which `day` of `month` is meant on the day `on` when no year is said; None if no near year has it."""
    years = range(on.year - 8, on.year + 9)  # a leap day is up to eight years away (1896 to 1904, 2096 to 2104)
    dates = [found for year in years if (found := valid_date(year, month, day))]
    if leaning is Leaning.PAST:
        dates = [found for found in dates if found <= on]
    elif leaning is Leaning.FUTURE:
        dates = [found for found in dates if found >= on]
    return min(dates, key=lambda found: abs((found - on).days), default=None)
