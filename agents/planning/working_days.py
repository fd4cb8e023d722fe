"""The days on which a department works: no date that people are told lies on another one.

A day counts as off if some calendar of the department has a holiday on it: whoever is told a date meets
everybody then. Capacity does not shrink by that; a sprint's hours are spread over the days that are left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from governance.department import Department, Weekday

_WEEKDAYS = tuple(Weekday)
_MOST_DAYS_OFF = 60
"""No department is closed for longer than this many days in a row."""


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """`weekdays` count from Monday, 0; `off` are holidays."""

    weekdays: frozenset[int] = frozenset(range(5))
    off: frozenset[date] = frozenset()

    def works_on(self, day: date) -> bool:
        """Whether it is a working day."""
        return day.weekday() in self.weekdays and day not in self.off

    def last_before(self, day: date) -> date:
        """The last working day before `day`."""
        return self._first(day - timedelta(days=1), -1)

    def first_from(self, day: date) -> date:
        """`day`, or else the first working day after it."""
        return self._first(day, 1)

    def between(self, first: date, end: date) -> tuple[date, ...]:
        """Working days from `first` to the day before `end`."""
        return tuple(day for day in _each(first, end) if self.works_on(day))

    def _first(self, day: date, step: int) -> date:
        for _ in range(_MOST_DAYS_OFF):
            if self.works_on(day):
                return day
            day += timedelta(days=step)
        return day


def _each(first: date, end: date) -> Iterator[date]:
    while first < end:
        yield first
        first += timedelta(days=1)


def working_days(department: Department) -> WorkingDays:
    """The days on which all of its calendars work; the department's own weekdays where they share none."""
    shared = frozenset(range(7)).intersection(
        *(frozenset(map(_WEEKDAYS.index, calendar.days)) for calendar in department.calendars)
    )
    own = frozenset(map(_WEEKDAYS.index, department.calendar_of(None).days))
    off = frozenset(holiday.day for calendar in department.calendars for holiday in calendar.holidays)
    return WorkingDays(shared or own, off)
