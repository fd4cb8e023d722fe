"""Working time: when something expires for people who work by a calendar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from governance.department import Calendar, Weekday

_WEEKDAYS = tuple(Weekday)
_FARTHEST = 400
"""Days looked ahead: a calendar with less working time than an approval needs in a year is wrong."""


class NoWorkingTime(ValueError):
    """The calendar has too little working time within a year for what was asked."""


def add_working_time(start: datetime, working_days: Decimal, calendar: Calendar) -> datetime:
    """The moment (UTC) when `working_days` of the calendar's working time have passed since `start`.

    A working day is as long as the calendar's hours: with 9 to 17:30, half a day is 4.25 hours. Time
    outside the hours, on other weekdays and on holidays does not count. Hours are local, so a day on which
    the clocks change inside them counts by the time that really passes. Raises ValueError for a start
    without a time zone or a span that is not positive, NoWorkingTime.
    """
    if start.tzinfo is None:
        raise ValueError("the start needs a time zone")
    if not working_days > 0:
        raise ValueError("the span has to be positive")
    left = timedelta(seconds=float(working_days * _seconds_a_day(calendar)))
    for opens, closes in _shifts(start, calendar):
        available = closes - max(opens, start)
        if left <= available:
            return max(opens, start) + left
        left -= max(available, timedelta(0))
    raise NoWorkingTime(f"the calendar {calendar.id} has too few working days")


def _seconds_a_day(calendar: Calendar) -> Decimal:
    begins = timedelta(hours=calendar.start.hour, minutes=calendar.start.minute, seconds=calendar.start.second)
    ends = timedelta(hours=calendar.end.hour, minutes=calendar.end.minute, seconds=calendar.end.second)
    return Decimal((ends - begins).total_seconds())


def _shifts(start: datetime, calendar: Calendar) -> Iterator[tuple[datetime, datetime]]:
    """The calendar's working hours from the day of `start` on, as intervals in UTC."""
    zone = ZoneInfo(calendar.time_zone)
    first = start.astimezone(zone).date()
    free = {holiday.day for holiday in calendar.holidays}
    for ahead in range(_FARTHEST):
        day = first + timedelta(days=ahead)
        if day not in free and _WEEKDAYS[day.weekday()] in calendar.days:
            yield _shift(day, calendar, zone)


def _shift(day: date, calendar: Calendar, zone: ZoneInfo) -> tuple[datetime, datetime]:
    opens = datetime.combine(day, calendar.start, zone).astimezone(UTC)
    closes = datetime.combine(day, calendar.end, zone).astimezone(UTC)
    return opens, closes


@dataclass(frozen=True, slots=True)
class Deadlines:
    """An approval's moments, in UTC: the reminder, then one for each next role, then its end."""

    remind: datetime
    ask_next: tuple[datetime, ...]
    expires: datetime


def deadlines(opened: datetime, working_days: Decimal, next_roles: int, calendar: Calendar) -> Deadlines:
    """The reminder at three quarters of the time; the next roles evenly over the last quarter.

    Raises as `add_working_time` does.
    """

    def after(share: Decimal) -> datetime:
        return add_working_time(opened, working_days * share, calendar)

    quarter = Decimal(1) / 4
    steps = (3 * quarter + quarter * step / (next_roles + 1) for step in range(1, next_roles + 1))
    return Deadlines(after(3 * quarter), tuple(after(share) for share in steps), after(Decimal(1)))
