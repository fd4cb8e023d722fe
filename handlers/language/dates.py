"""Moments: "tomorrow at 10", "until Friday", "in 2 hours", "3 AM", "after the bank holiday", "13/12"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from governance.department import Calendar
from handlers.language import local_time as local
from handlers.language.calendar_periods import weekend_meant
from handlers.language.calendar_words import MONTH, WEEKDAY, in_calendar_words, month_number, weekday_number
from handlers.language.clock import ClockSaid, clock_said
from handlers.language.durations import read_length
from handlers.language.local_time import Leaning
from handlers.language.working_days import WorkingDays, holiday_named


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


@dataclass(frozen=True, slots=True)
class Seen:
    """From when and where words are read: `now` (aware), an IANA zone, who works when, and the direction."""

    now: datetime
    zone: str
    leaning: Leaning
    working: WorkingDays

    @property
    def on(self) -> date:
        """The local day that it is."""
        return local.today(self.now, self.zone)


@dataclass(frozen=True, slots=True)
class DaySaid:
    """A day, and where in the text it was said. `day` is None for one that there is not (30 February)."""

    day: date | None
    start: int
    end: int


_ISO = re.compile(r"(?<![\w-])(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?![\w-])")
_SLASHED = re.compile(r"(?<![\w./-])(?P<a>\d{1,2})/(?P<b>\d{1,2})(?:/(?P<y>\d{4}|\d{2}))?(?![\w/])")
_DOTTED = re.compile(r"(?<![\w.-])(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})(?![\w.])")
_YEAR = r"(?:,? (?:of |de )?(?P<y>(?:19|20)\d\d)\b)?"
_DAY_MONTH = re.compile(rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[ -](?:day )?(?:of )?{MONTH}\b(?:-(?=\d))?{_YEAR}")
_MONTH_DAY = re.compile(rf"\b{MONTH} (?:the )?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?! ?[:h]|\d| ?[ap]m\b){_YEAR}")
_ORDINAL = re.compile(r"\b(?:the )?(?P<d>\d{1,2})(?:st|nd|rd|th)\b(?! (?:quarter|half|week|time|sprint))")
_WEEKDAY = re.compile(
    rf"\b(?:(?P<which>next|(?:this )?(?:coming|past)|this|last|previous) )?{WEEKDAY}\b(?P<week> week\b)?"
)
_OF_WEEK = re.compile(r"\b(?P<which>next|this|last|previous|coming) week\b|\bweek after(?: next)?\b")
_WORDS = {
    "ereyesterday": -2, "yesterday": -1, "last night": -1, "today": 0, "tonight": 0, "this morning": 0,
    "this afternoon": 0, "this evening": 0, "tomorrow": 1, "overmorrow": 2,
}  # fmt: skip
_WORD = re.compile(rf"\b(?P<word>{'|'.join(_WORDS)})\b")
_END_OF = re.compile(
    r"\bend of (?:the |this |next )?(?P<unit>week|month|quarter|year)\b|\b(?P<day>end of (?:the )?day)\b"
)
_WEEKEND = re.compile(r"\b(?:(?P<which>next|this|last|past|coming) )?weekend\b")
_WORKING_DAY = re.compile(r"\b(?P<which>next|last|previous) (?:working|business|work) ?day\b")
_HOLIDAY = re.compile(
    r"\b(?:next |coming |long )?(?:bank |public |national )?(?P<word>holidays?|holiday weekend)\b"
)
_AROUND = re.compile(
    r"(?:\b(?:(?P<count>\d+|an?|the) )?(?P<unit>day|week|month|working day|business day)s? )?"
    r"\b(?P<way>after|before|from|following|on)(?: the| a)? $"
)
_IN = re.compile(r"\bin (?:about |around )?(?P<length>.+)")
_AGO = re.compile(r"\b(?P<length>\S+(?: \S+){0,4}?) ago\b")
_WORKING_LENGTH = re.compile(r"\bin (?P<count>\d+|an?) (?:business|working|work) ?days?\b")
_ISO_INSTANT = re.compile(
    r"(?<![\w-])(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)(?:t| )(?P<h>[01]\d|2[0-3]):(?P<min>[0-5]\d)"
    r"(?::\d\d(?:\.\d+)?)?"
    r" ?(?P<zulu>z|utc|gmt)?(?![\w:])"
)


def names_a_date(said: str) -> bool:
    """Whether a calendar date is written out (`2026-12-01`, `1 December`); `said` is in calendar words."""
    return any(pattern.search(said) for pattern in (_ISO, _SLASHED, _DOTTED, _DAY_MONTH, _MONTH_DAY))


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
    said = seen.working.with_hours(words)
    if written := _ISO_INSTANT.search(said):
        return _written(written, seen)
    if (relative := _relative(said, seen)) is not None:
        return relative
    clock = clock_said(said)
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
    for pattern, times in ((_IN, 1), (_AGO, -1)):
        found = pattern.search(said)
        length = read_length(found["length"]) if found and _begins_with_length(found["length"], times) else None
        if length is not None:
            try:
                at = length.after(seen.now, seen.zone, times)
            except OverflowError:
                return None
            return instant(at) if local.FIRST_YEAR <= at.year <= local.LAST_YEAR else None
    return None


def _begins_with_length(said: str, times: int) -> bool:
    return times < 0 or re.match(r"(?:\d|an? |half|quarter)", said) is not None


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


def day_in(said: str, seen: Seen, clock: ClockSaid | None = None) -> DaySaid | None:
    """The day that is said: a date before a word such as "tomorrow", that before a weekday. None if none is."""
    for read in (_dates, _named, _words, _weekends, _weekdays, _ordinals, _ends_of):
        found = min(read(said, seen, clock), key=lambda day: day.start, default=None)
        if found is not None:
            return _moved(said, found, seen)
    return None


def _moved(said: str, found: DaySaid, seen: Seen) -> DaySaid:
    """`after` a day is the first working day behind it; `the day after` it, `a week from` it are counted."""
    around = _AROUND.search(said[: found.start])
    if around is None or found.day is None:
        return found
    way, unit = around["way"], around["unit"]
    sign = -1 if way == "before" else 1
    if unit is None:
        if way not in ("after", "following") or seen.leaning is Leaning.PAST:
            return found
        return replace(found, day=seen.working.on_from(found.day, 1), start=around.start("way"))
    count = int(around["count"]) if (around["count"] or "").isdigit() else 1
    if (way == "on" and unit != "week") or count > 1000:
        return found
    if unit in ("working day", "business day"):
        day = seen.working.on_from(found.day, sign * count)
    elif unit == "month":
        day = local.same_day(found.day, sign * count)
    else:
        day = found.day + timedelta(days=sign * count * (7 if unit == "week" else 1))
    return replace(found, day=day, start=around.start())


def _dates(said: str, seen: Seen, _clock: ClockSaid | None) -> Iterator[DaySaid]:
    for found in (*_ISO.finditer(said), *_DOTTED.finditer(said)):
        yield _at(found, local.valid_date(int(found["y"]), int(found["m"]), int(found["d"])))
    for found in _SLASHED.finditer(said):
        a, b = int(found["a"]), int(found["b"])
        if a == b or (a > 12) != (b > 12):
            year = found["y"] and found["y"].zfill(4).replace("00", "20", 1)
            yield _at(found, _of_year(min(a, b) if a != b else a, max(a, b), year, seen))
    for pattern in (_DAY_MONTH, _MONTH_DAY):
        for found in pattern.finditer(said):
            yield _at(found, _of_year(month_number(found["month"]), int(found["d"]), found["y"], seen))


def _of_year(month: int, day: int, year: str | None, seen: Seen) -> date | None:
    if year:
        return local.valid_date(int(year), month, day)
    return local.year_meant(month, day, seen.on, seen.leaning)


def _named(said: str, seen: Seen, _clock: ClockSaid | None) -> Iterator[DaySaid]:
    """Days with names: Christmas, the calendar's holidays, the next working day."""
    past = seen.leaning is Leaning.PAST
    for start, end, day in holiday_named(said, seen.working, seen.on, past=past):
        yield DaySaid(day, start, end)
    for found in _HOLIDAY.finditer(said):
        holiday = seen.working.holiday(seen.on, longest=found["word"] == "holidays", past=past)
        if holiday is not None:
            yield _at(found, holiday)
    for found in _WORKING_DAY.finditer(said):
        yield _at(found, seen.working.on_from(seen.on, 1 if found["which"] == "next" else -1))


def _words(said: str, seen: Seen, _clock: ClockSaid | None) -> Iterator[DaySaid]:
    for found in _WORD.finditer(said):
        yield _at(found, seen.on + timedelta(days=_WORDS[found["word"]]))


def _ends_of(said: str, seen: Seen, _clock: ClockSaid | None) -> Iterator[DaySaid]:
    for found in _END_OF.finditer(said):
        yield _at(found, _end_of(found["unit"] or "day", seen.on, ahead=" next " in found[0]))


def _end_of(unit: str, on: date, *, ahead: bool) -> date:
    step = 2 if ahead else 1
    after = {
        "day": on + timedelta(days=1),
        "week": local.week_start(on) + timedelta(days=7 * step),
        "month": local.months_on(on, step),
        "quarter": local.months_on(local.quarter_start(on), 3 * step),
        "year": date(on.year + step, 1, 1),
    }
    return after[unit] - timedelta(days=1)


def _weekends(said: str, seen: Seen, _clock: ClockSaid | None) -> Iterator[DaySaid]:
    """A weekend by its Saturday; after "after" by its Sunday."""
    for found in _WEEKEND.finditer(said):
        saturday = weekend_meant(found["which"], seen.on, seen.leaning)
        is_after = re.search(r"\bafter (?:the )?$", said[: found.start()]) is not None
        yield _at(found, saturday + timedelta(days=1) if is_after else saturday)


def _weekdays(said: str, seen: Seen, clock: ClockSaid | None) -> Iterator[DaySaid]:
    of_week = _OF_WEEK.search(said)
    for found in _WEEKDAY.finditer(said):
        if of_week is not None and found["which"] is None and found["week"] is None:
            ahead = {"this": 0, "last": -1, "previous": -1}.get(of_week["which"] or "", 1)
            week = local.week_start(seen.on) + timedelta(days=7 * (2 if of_week["which"] is None else ahead))
            yield _at(found, week + timedelta(days=weekday_number(found["weekday"])))
        else:
            yield _at(found, _weekday(said, found, seen, clock))


def _weekday(said: str, found: re.Match[str], seen: Seen, clock: ClockSaid | None) -> date:
    on, which = seen.on, (found["which"] or "").removeprefix("this ")
    number = weekday_number(found["weekday"])
    ahead = (number - on.weekday()) % 7
    later = timedelta(days=7 if found["week"] else 0)
    if which == "next":
        return local.week_start(on) + timedelta(days=7 + number)
    if which in ("last", "previous", "past") or (not which and seen.leaning is Leaning.PAST):
        return on - timedelta(days=(7 - ahead) if ahead or which else 0)
    if ahead == 0 and not which:
        before = said[: found.start("weekday")]
        bound = re.search(r"\b(?:until|by|before|through) (?:the |end of day )?$", before)
        to_come = clock is not None and local.instant(on, clock.at, seen.zone) > seen.now
        return (on if bound or to_come else on + timedelta(days=7)) + later
    return on + timedelta(days=ahead) + later


def _ordinals(said: str, seen: Seen, _clock: ClockSaid | None) -> Iterator[DaySaid]:
    for found in _ORDINAL.finditer(said):
        yield _at(found, _ordinal(int(found["d"]), seen.on, seen.leaning))


def _ordinal(day: int, on: date, leaning: Leaning) -> date | None:
    step = -1 if leaning is Leaning.PAST else 1
    for months in range(4):
        first = local.months_on(on, months * step)
        found = local.valid_date(first.year, first.month, day)
        if found and (found <= on if leaning is Leaning.PAST else found >= on):
            return found
    return None


def _at(found: re.Match[str], day: date | None) -> DaySaid:
    return DaySaid(day, found.start(), found.end())
