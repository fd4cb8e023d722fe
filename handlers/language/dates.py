"""Moments: "tomorrow at 10", "until Friday", "in 2 hours", "3 AM", "after the bank holiday", "13/12"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from governance.department import Calendar
from handlers.language import local_time as local
from handlers.language.calendar_words import in_calendar_words
from handlers.language.clock import ClockSaid, read_clock
from handlers.language.days import Seen, day_in, without_denied_days
from handlers.language.durations import read_length
from handlers.language.local_time import Leaning
from handlers.language.working_days import WorkingDays


@dataclass(frozen=True, slots=True)
class TimeSaid:
    """A point in time (UTC) that was said. `whole_day` if only a day was: `at` is then its local midnight,
    `ends` the next one; else both are the same instant."""

    at: datetime
    ends: datetime
    whole_day: bool

    @property
    def deadline(self) -> datetime:
        """When "until" or "by" this is over: the end of a day, or the instant."""
        return self.ends


_IN = re.compile(r"\bin (?:about |around )?(?P<length>.+)")
_THIS_TIME = re.compile(r"\b(?:at )?(?:this|the same) time\b")
_COUNTED = re.compile(r"\b(?P<length>\S{1,30}(?: \S{1,30}){0,4}?) (?P<way>ago|from now)\b")
_WORKING_LENGTH = re.compile(r"\bin (?P<count>\d+|an?) (?:business|working|work) ?days?\b")
_ISO_INSTANT = re.compile(
    r"(?<![\w-])(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)(?:t| )(?P<h>[01]\d|2[0-3]):(?P<min>[0-5]\d)"
    r"(?::\d\d(?:\.\d+)?)?"
    r" ?(?P<zulu>z|utc|gmt)?(?![\w:])"
)


def read_moment(
    text: str,
    now: datetime,
    zone: str,
    leaning: Leaning = Leaning.FUTURE,
    calendar: Calendar | None = None,
) -> TimeSaid | None:
    """The first moment that is said, seen from `now` (aware) in the IANA `zone`.

    A weekday alone is the next of its name when leaning to the future, the last when leaning to the past.
    Said on that very day it is today after "until", "by" or "this" or with a time to come, else a week on.
    "Next Friday" is the one of the next calendar week. `calendar` knows holidays and when work ends. None if
    nothing is said or there is no such day.
    """
    return moment_in(in_calendar_words(text), Seen(now, zone, leaning, WorkingDays(calendar)))


def moment_in(words: str, seen: Seen) -> TimeSaid | None:
    """`read_moment` for text in calendar words."""
    same_time = f"at {seen.now.astimezone(ZoneInfo(seen.zone)):%H:%M}"
    said = _THIS_TIME.sub(same_time, seen.working.with_hours(without_denied_days(words)))
    if written := _ISO_INSTANT.search(said):
        return _written(written, seen)
    if (relative := _relative(said, seen)) is not None:
        return relative
    clock = read_clock(said)
    found = day_in(said, seen, clock)
    if found is None:
        return instant(_clock_alone(clock, seen)) if clock else None
    if found.day is None:
        return None
    if clock is not None:
        return instant(local.instant(found.day, clock.at, seen.zone))
    return whole_day(found.day, seen.zone)


def instant(at: datetime) -> TimeSaid:
    """A moment that is no day."""
    return TimeSaid(at, at, whole_day=False)


def whole_day(day: date, zone: str) -> TimeSaid:
    """A local day."""
    return TimeSaid(local.midnight(day, zone), local.midnight(day + timedelta(days=1), zone), whole_day=True)


def _written(found: re.Match[str], seen: Seen) -> TimeSaid | None:
    day = local.valid_date(int(found["y"]), int(found["m"]), int(found["d"]))
    clock = time(int(found["h"]), int(found["min"]))
    return instant(local.instant(day, clock, "UTC" if found["zulu"] else seen.zone)) if day else None


def _relative(said: str, seen: Seen) -> TimeSaid | None:
    """`in 2 hours`, `3 days ago`, `in 3 working days`."""
    if working := _WORKING_LENGTH.search(said):
        count = int(working["count"]) if working["count"].isdigit() else 1
        return whole_day(seen.working.on_from(seen.on, count), seen.zone) if count < 1000 else None
    counted = _COUNTED.search(said)
    ahead = _IN.search(said)
    length = read_length(counted["length"]) if counted else None
    times = -1 if counted is not None and length is not None and counted["way"] == "ago" else 1
    if length is None and ahead is not None and re.match(r"(?:\d|an? |half|quarter)", ahead["length"]):
        length = read_length(ahead["length"])
    if length is None:
        return None
    try:
        at = length.after(seen.now, seen.zone, times)
    except OverflowError:
        return None
    return instant(at) if local.FIRST_YEAR <= at.year <= local.LAST_YEAR else None


def _clock_alone(clock: ClockSaid, seen: Seen) -> datetime:
    """The time of day that is next (or was last); where it may be morning or evening, the nearer of the two
    that lies in people's day."""
    times = [clock.at, clock.at.replace(hour=(clock.at.hour + 12) % 24)] if clock.is_open else [clock.at]
    days = [seen.on + timedelta(days=ahead) for ahead in (-1, 0, 1)]
    waking = [at for at in times if len(times) == 1 or 7 <= at.hour <= 22]
    near = [local.instant(day, at, seen.zone) for day in days for at in waking]
    if seen.leaning is Leaning.PAST:
        return max(at for at in near if at <= seen.now)
    if seen.leaning is Leaning.FUTURE:
        return min(at for at in near if at > seen.now)
    return min(near, key=lambda at: abs(at - seen.now))
