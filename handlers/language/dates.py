"""Moments: "tomorrow at 10", "until Friday", "in 2 hours", "3 AM", "2026-12-01"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from handlers.language import local_time as local
from handlers.language.clock import read_clock
from handlers.language.local_time import MONTH, WEEKDAY, Leaning
from handlers.language.words import NUMBER, number_of, plain


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


_ISO = re.compile(r"(?<![\w-])(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?![\w-])")
_DAY_MONTH = re.compile(rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {MONTH}\b\.?,?(?: (?P<y>\d{{4}})\b)?")
_MONTH_DAY = re.compile(rf"\b{MONTH}\.? (?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)(?:,? (?P<y>\d{{4}})\b)?")
_ORDINAL = re.compile(r"\b(?:the|until|till|by|on) (?:the )?(?P<d>\d{1,2})(?:st|nd|rd|th)\b")
_NEAR_WEEKDAY = re.compile(rf"\b(?P<which>next|this|last|previous|past|coming)? ?\b{WEEKDAY}\b")
_DAY_WORDS = {"day after tomorrow": 2, "day before yesterday": -2, "today": 0, "tonight": 0,
              "tomorrow": 1, "tomorow": 1, "tmrw": 1, "yesterday": -1, "last night": -1,
              "this morning": 0, "this afternoon": 0, "this evening": 0}  # fmt: skip
_END_OF = re.compile(r"\b(?:end of (?:the |this )?|eo)(?P<unit>day|week|month|quarter|year|[dwmqy](?=\b))")
_UNITS = r"minutes?|mins?|hours?|hrs?|h|days?|weeks?|months?"
_RELATIVE = re.compile(
    rf"\bin (?P<count>half an|{NUMBER}(?: and a half)?) ?(?P<unit>{_UNITS})\b"
    rf"|\b(?P<past>half an|{NUMBER}) (?P<past_unit>{_UNITS}) ago\b"
)
_ISO_INSTANT = re.compile(
    r"(?<![\w-])(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)(?:t| )(?P<h>[01]\d|2[0-3]):(?P<min>[0-5]\d)"
    r"(?::\d\d(?:\.\d+)?)?"
    r" ?(?P<zulu>z|utc|gmt)?(?![\w:])"
)


def names_a_date(said: str) -> bool:
    """Whether a calendar date is written out (`2026-12-01`, `1 December`, `Dec 1st`); `said` is plain text."""
    return any(pattern.search(said) for pattern in (_ISO, _DAY_MONTH, _MONTH_DAY))


def read_moment(text: str, now: datetime, zone: str, leaning: Leaning = Leaning.FUTURE) -> TimeSaid | None:
    """The first moment that is said, seen from `now` (aware) in the IANA `zone`.

    A weekday alone is the next of its name when leaning to the future, the last when leaning to the past.
    Said on that very day it is today after "until", "by" or "this" or with a time to come, else a week on.
    "Next Friday" is the one of the next calendar week. None if nothing is said or there is no such day.
    """
    said = plain(text)
    if written := _ISO_INSTANT.search(said):
        return _written(written, zone)
    relative = _relative(said, now, zone)
    if relative is not None:
        return relative
    clock = read_clock(said)
    day, named = _day(said, now, zone, leaning, clock)
    if day is None:
        return None if named or clock is None else _instant(_clock_alone(clock, now, zone, leaning))
    if clock is not None:
        return _instant(local.instant(day, clock, zone))
    return TimeSaid(local.midnight(day, zone), local.midnight(day + timedelta(days=1), zone), whole_day=True)


def _instant(at: datetime) -> TimeSaid:
    return TimeSaid(at, at, whole_day=False)


def _written(found: re.Match[str], zone: str) -> TimeSaid | None:
    day = local.valid_date(int(found["y"]), int(found["m"]), int(found["d"]))
    clock = time(int(found["h"]), int(found["min"]))
    return _instant(local.instant(day, clock, "UTC" if found["zulu"] else zone)) if day else None


def _relative(said: str, now: datetime, zone: str) -> TimeSaid | None:
    found = _RELATIVE.search(said)
    if found is None:
        return None
    sign = 1 if found["count"] else -1
    count, unit = found["count"] or found["past"], found["unit"] or found["past_unit"]
    amount = 0.5 if count == "half an" else number_of(count.split(" and")[0]) + (0.5 if " and" in count else 0)
    if amount > 10_000:
        return None
    if unit.startswith(("day", "week", "month")) and amount == int(amount):
        here = now.astimezone(ZoneInfo(zone))
        step = int(amount) * sign
        days = {"d": step, "w": 7 * step}.get(unit[0])
        day = local.same_day(here.date(), step) if days is None else here.date() + timedelta(days=days)
        return _instant(local.instant(day, here.time(), zone))
    seconds = {"m": 60, "h": 3600, "d": 86400, "w": 604800}[unit[0]]
    return _instant(now.astimezone(UTC) + timedelta(seconds=amount * seconds * sign))


def _clock_alone(clock: time, now: datetime, zone: str, leaning: Leaning) -> datetime:
    on = local.today(now, zone)
    near = [local.instant(on + timedelta(days=days), clock, zone) for days in (-1, 0, 1)]
    if leaning is Leaning.PAST:
        return max(at for at in near if at <= now)
    if leaning is Leaning.FUTURE:
        return min(at for at in near if at > now)
    return min(near, key=lambda at: abs(at - now))


def _day(said: str, now: datetime, zone: str, leaning: Leaning, clock: time | None) -> tuple[date | None, bool]:
    """The day that is said, and whether one was said at all (there may be no such day)."""
    on = local.today(now, zone)
    if found := _ISO.search(said):
        return local.valid_date(int(found["y"]), int(found["m"]), int(found["d"])), True
    if found := _DAY_MONTH.search(said) or _MONTH_DAY.search(said):
        month, day = local.month_number(found["month"]), int(found["d"])
        if found["y"]:
            return local.valid_date(int(found["y"]), month, day), True
        return local.year_meant(month, day, on, leaning), True
    for words, distance in _DAY_WORDS.items():
        if re.search(rf"\b{words}\b", said):
            return on + timedelta(days=distance), True
    if found := _END_OF.search(said):
        return _end_of(found["unit"][0], on), True
    if found := _NEAR_WEEKDAY.search(said):
        return _weekday(said, found, now, zone, leaning, clock), True
    if found := _ORDINAL.search(said):
        return _ordinal(int(found["d"]), on, leaning), True
    return None, False


def _end_of(unit: str, on: date) -> date:
    after = {
        "d": on + timedelta(days=1),
        "w": local.week_start(on) + timedelta(days=7),
        "m": local.months_on(on, 1),
        "q": local.months_on(local.quarter_start(on), 3),
        "y": date(on.year + 1, 1, 1),
    }
    return after[unit] - timedelta(days=1)


def _weekday(
    said: str, found: re.Match[str], now: datetime, zone: str, leaning: Leaning, clock: time | None
) -> date:
    on = local.today(now, zone)
    number, which = local.weekday_number(found["weekday"]), found["which"]
    ahead = (number - on.weekday()) % 7
    if which == "next":
        return local.week_start(on) + timedelta(days=7 + number)
    if which in ("last", "previous", "past") or (which is None and leaning is Leaning.PAST):
        return on - timedelta(days=(7 - ahead) if ahead or which else 0)
    if ahead == 0 and which is None:
        before = said[: found.start("weekday")]
        bound = re.search(r"\b(?:until|till|by|before|through|thru) (?:the )?$", before)
        still_to_come = clock is not None and local.instant(on, clock, zone) > now
        return on if bound or still_to_come else on + timedelta(days=7)
    return on + timedelta(days=ahead)


def _ordinal(day: int, on: date, leaning: Leaning) -> date | None:
    step = -1 if leaning is Leaning.PAST else 1
    for months in range(4):
        first = local.months_on(on, months * step)
        found = local.valid_date(first.year, first.month, day)
        if found and (found <= on if leaning is Leaning.PAST else found >= on):
            return found
    return None
