"""Days: "Friday", "the 3rd", "13/12", "tomorrow", "the day after Thanksgiving", "the next working day".

Over text that `in_calendar_words` has spelt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from handlers.language import local_time as local
from handlers.language.calendar_periods import calendar_days, near_days, weekend_meant
from handlers.language.calendar_words import MONTH, WEEKDAY, month_number, weekday_number
from handlers.language.clock import ClockSaid
from handlers.language.local_time import Leaning
from handlers.language.working_days import WorkingDays, holiday_named


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


_ORDER = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3, "last": -1}
_ISO = re.compile(r"(?<![\w-])(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?![\w-])")
_SLASHED = re.compile(r"(?<![\w./-])(?P<a>\d{1,2})/(?P<b>\d{1,2})(?:/(?P<y>\d{4}|\d{2}))?(?![\w/])")
_DOTTED = re.compile(r"(?<![\w.-])(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})(?![\w.])")
_YEAR = r"(?:,? (?:of |de )?(?P<y>(?:19|20)\d\d)\b)?"
_DAY_MONTH = re.compile(rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[ -](?:day )?(?:of )?{MONTH}\b(?:-(?=\d))?{_YEAR}")
_MONTH_DAY = re.compile(rf"\b{MONTH} (?:the )?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?! ?[:h]|\d| ?[ap]m\b){_YEAR}")
_ORDINAL = re.compile(r"\b(?:the )?(?P<d>\d{1,2})(?:st|nd|rd|th)\b(?! (?:quarter|half|week|time|sprint))")
_WEEKDAY = re.compile(
    rf"\b(?:(?P<which>next|(?:this )?(?:coming|past)|this|last|previous) )?{WEEKDAY}\b"
    r"(?P<week> week\b)?(?P<after_next> after next\b)?"
)
_NTH = re.compile(rf"\b(?P<n>{'|'.join(_ORDER)}) {WEEKDAY} (?:of|in) (?:(?P<this>the month)|(?P<of>.+))")
_OF_WEEK = re.compile(r"\b(?P<which>next|this|last|previous|coming) week\b|\bweek after(?: next)?\b")
_WORDS = {
    "ereyesterday": -2, "yesterday": -1, "last night": -1, "today": 0, "tonight": 0, "this morning": 0,
    "this afternoon": 0, "this evening": 0, "tomorrow": 1, "overmorrow": 2,
}  # fmt: skip
_WORD = re.compile(rf"\b(?P<word>{'|'.join(_WORDS)})\b")
_DENIED = re.compile(
    rf"\b(?:but )?not (?:on |the )?(?:next |this )?{WEEKDAY}\b(?: but\b)?,?"
    rf"|\binstead of (?:on )?{WEEKDAY.replace('weekday', 'other')}\b"
)
_EDGE_OF = re.compile(
    r"\b(?P<edge>end|start|beginning) of (?:(?:the |this )?(?P<unit>day|week|month|quarter|year)\b|(?P<of>.+))"
)
_WEEKEND = re.compile(r"\b(?:(?P<which>next|this|last|past|coming) )?weekend\b")
_WORKING_DAY = re.compile(r"\b(?P<which>next|last|previous) (?:working|business|work) ?day\b")
_HOLIDAY = re.compile(
    r"\b(?:the |next |coming |long |bank |public |national )+(?P<word>holidays?|holiday weekend)\b"
)
_AROUND = re.compile(
    r"(?:\b(?:(?P<count>\d+|an?|the) )?(?P<unit>day|week|month|working day|business day)s? )?"
    r"\b(?P<way>after|before|from|following|on)(?: the| a)? $"
)


def names_a_date(said: str) -> bool:
    """Whether a calendar date is written out (`2026-12-01`, `1 December`); `said` is in calendar words."""
    return any(pattern.search(said) for pattern in (_ISO, _SLASHED, _DOTTED, _DAY_MONTH, _MONTH_DAY))


def without_denied_days(said: str) -> str:
    """`not Friday, Monday` names Monday alone; a denied day that stands alone is kept away, too."""
    return _DENIED.sub(" ", said)


def day_in(said: str, seen: Seen, clock: ClockSaid | None = None) -> DaySaid | None:
    """The day that is said: a date before a word such as "tomorrow", that before a weekday. None if none is."""
    for read in (_dates, _nths, _holidays, _words, _weekends, _weekdays, _ordinals, _edges):
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
            year = found["y"] and (found["y"] if len(found["y"]) == 4 else f"20{found['y']}")
            yield _at(found, _of_year(min(a, b) if a != b else a, max(a, b), year, seen))
    for pattern in (_DAY_MONTH, _MONTH_DAY):
        for found in pattern.finditer(said):
            yield _at(found, _of_year(month_number(found["month"]), int(found["d"]), found["y"], seen))


def _of_year(month: int, day: int, year: str | None, seen: Seen) -> date | None:
    if year:
        return local.valid_date(int(year), month, day)
    return local.year_meant(month, day, seen.on, seen.leaning)


def _holidays(said: str, seen: Seen, _clock: ClockSaid | None) -> Iterator[DaySaid]:
    yield from named_days(said, seen)


def named_days(said: str, seen: Seen) -> Iterator[DaySaid]:
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


def _edges(said: str, seen: Seen, _clock: ClockSaid | None) -> Iterator[DaySaid]:
    """`end of the month`, `end of day`, `the start of next quarter`, `the beginning of January`."""
    for found in _EDGE_OF.finditer(said):
        days = (
            near_days(0, found["unit"], seen.on)
            if found["unit"]
            else calendar_days(found["of"], seen.on, seen.leaning)
        )
        if days is not None:
            yield _at(found, days[1] - timedelta(days=1) if found["edge"] == "end" else days[0])


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
    if which == "next" or found["after_next"]:
        return local.week_start(on) + timedelta(days=(14 if found["after_next"] else 7) + number)
    if which in ("last", "previous", "past") or (not which and seen.leaning is Leaning.PAST):
        return on - timedelta(days=(7 - ahead) if ahead or which else 0)
    if ahead == 0 and not which:
        before = said[: found.start("weekday")]
        bound = re.search(r"\b(?:until|by|before|through) (?:the |end of day )?$", before)
        to_come = clock is not None and local.instant(on, clock.at, seen.zone) > seen.now
        return (on if bound or to_come else on + timedelta(days=7)) + later
    return on + timedelta(days=ahead) + later


def _nths(said: str, seen: Seen, _clock: ClockSaid | None) -> Iterator[DaySaid]:
    """`the first Monday of December`, `the last Friday of the month`."""
    for found in _NTH.finditer(said):
        of = (
            near_days(0, "month", seen.on)
            if found["this"]
            else calendar_days(found["of"], seen.on, seen.leaning)
        )
        if of is not None:
            ahead = (weekday_number(found["weekday"]) - of[0].weekday()) % 7
            every = [of[0] + timedelta(days=day) for day in range(ahead, (of[1] - of[0]).days, 7)]
            place = _ORDER[found["n"]]
            yield _at(found, every[place] if place < len(every) else None)


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
