"""When a digest is due: pure functions of the schedule, the last firing and the time.

A due time is a local wall time. One that the clocks skip in spring is moved on by the gap, and one that
comes twice in autumn is due the first time (`local_time.instant`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from handlers.language import local_time as local

LATEST = timedelta(hours=12)
"""A due time that is longer ago was missed: the clock was down, and the next digest covers it."""

_FARTHEST = 60
"""Days looked for the next or the previous due time: longer than any holiday."""

EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Schedule:
    """At a local time (`zone` is an IANA name) on these weekdays (0 is Monday), less the days off."""

    at: time
    days: frozenset[int]
    zone: str
    off: frozenset[date] = frozenset()

    def is_on(self, day: date) -> bool:
        """Whether there is a digest on this local day."""
        return day.weekday() in self.days and day not in self.off


def due(schedule: Schedule, now: datetime, after: datetime) -> datetime | None:
    """The due time that is to be fired at `now`, or None.

    Of several that passed while no clock ran, the newest; none that is not later than `after` (the last
    one fired, or when the setting was made), so a clock that goes backwards fires nothing again; and none
    on a day off, whenever it was due.
    """
    today = local.today(now, schedule.zone)
    if today in schedule.off:
        return None
    for at in _backwards(schedule, today + timedelta(days=1)):
        if at <= now:
            return at if at > after and now - at <= LATEST else None
    return None


def next_due(schedule: Schedule, now: datetime) -> datetime | None:
    """The first due time later than `now`; None if there is none in the next weeks."""
    today = local.today(now, schedule.zone)
    for ahead in range(-1, _FARTHEST):
        day = today + timedelta(days=ahead)
        at = local.instant(day, schedule.at, schedule.zone)
        if at > now and schedule.is_on(day):
            return at
    return None


def previous_due(schedule: Schedule, at: datetime) -> datetime:
    """The due time before `at`; a day before it if there is none in the last weeks."""
    before = _backwards(schedule, local.today(at, schedule.zone))
    return next((found for found in before if found < at), at - timedelta(days=1))


def _backwards(schedule: Schedule, last: date) -> Iterator[datetime]:
    for ago in range(_FARTHEST):
        day = last - timedelta(days=ago)
        if schedule.is_on(day):
            yield local.instant(day, schedule.at, schedule.zone)
