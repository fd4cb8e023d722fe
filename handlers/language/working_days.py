"""Working days and holidays, as far as a department's calendar knows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cached_property

from governance.department import Calendar, Weekday

_FIXED = (
    ("christmas eve", 12, 24), ("christmas day", 12, 25), ("christmas", 12, 25), ("xmas", 12, 25),
    ("boxing day", 12, 26), ("new year's eve", 12, 31), ("new years eve", 12, 31), ("silvester", 12, 31),
    ("new year's day", 1, 1), ("new year's", 1, 1), ("new year", 1, 1), ("weihnachten", 12, 25),
    ("navidad", 12, 25), ("noel", 12, 25),
)  # fmt: skip
_CLOSE = re.compile(r"\b(?:eob|cob|cop|(?:close|end) of (?:the )?(?:business|play|work(?:ing)?)(?: day)?)\b")
_OPENS = re.compile(r"\b(?:first thing|sob|start of (?:business|work))\b")
_LONGEST_RUN_WITHIN = 120
_DAYS = tuple(Weekday)


@dataclass(frozen=True)
class WorkingDays:
    """Who works when. Without a calendar: Monday to Friday, nine to five, and no holiday."""

    calendar: Calendar | None = None

    def works_on(self, day: date) -> bool:
        """Whether it is a working day."""
        days = self.calendar.days if self.calendar else _DAYS[:5]
        return _DAYS[day.weekday()] in days and day not in self._holidays

    def on_from(self, day: date, count: int) -> date:
        """The working day that comes `count` working days after `day`; before it, if that is negative."""
        step = timedelta(days=1 if count > 0 else -1)
        left = abs(count)
        while left:
            day += step
            left -= self.works_on(day)
        return day

    def holiday(self, on: date, *, longest: bool = False, past: bool = False) -> date | None:
        """The next holiday from `on` (the last one before it); the first day of the longest row of days off
        that comes soon, for "the holidays". None where no calendar knows one."""
        days = sorted(self._holidays)
        if past:
            return max((day for day in days if day < on), default=None)
        coming = [day for day in days if day >= on]
        if not coming or not longest:
            return coming[0] if coming else None
        near = [day for day in coming if (day - coming[0]).days < _LONGEST_RUN_WITHIN]
        return max(near, key=lambda day: (self.on_from(day, 1) - day).days)

    def off_around(self, day: date) -> tuple[date, date]:
        """The row of days off that a day lies in: the first of them, and the day after the last."""
        first = self.on_from(day, -1) + timedelta(days=1)
        return (first, self.on_from(day, 1)) if not self.works_on(day) else (day, day + timedelta(days=1))

    def with_hours(self, said: str) -> str:
        """`said` with "close of business" and "first thing" as times of day."""
        ends = self.calendar.end if self.calendar else time(17)
        begins = self.calendar.start if self.calendar else time(9)
        return _OPENS.sub(f"at {begins:%H:%M}", _CLOSE.sub(f"at {ends:%H:%M}", said))

    @cached_property
    def _holidays(self) -> frozenset[date]:
        return frozenset(holiday.day for holiday in self.calendar.holidays) if self.calendar else frozenset()


def holiday_named(
    said: str, working: WorkingDays, on: date, *, past: bool = False
) -> Iterator[tuple[int, int, date]]:
    """The days that are called by a holiday's name: where in `said`, and which is meant seen from `on`."""
    named = {name: [date(on.year + step, month, day) for step in (-1, 0, 1)] for name, month, day in _FIXED}
    for holiday in working.calendar.holidays if working.calendar else ():
        named.setdefault(holiday.name.casefold(), []).append(holiday.day)
    taken: set[int] = set()
    for name in sorted(named, key=len, reverse=True):
        days = [day for day in named[name] if (day <= on if past else day >= on)]
        for found in re.finditer(rf"\b{re.escape(name)}\b", said) if days else ():
            if taken.isdisjoint(range(*found.span())):
                taken.update(range(*found.span()))
                yield found.start(), found.end(), max(days) if past else min(days)
