"""Times of day: "3 AM", "14:30", "at 10", "4ish", "noon", "17h", "from 2 to 4".

Over text that `in_calendar_words` has spelt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time

from handlers.language.local_time import MONTHS

_HALF = r"(?:am|pm|a\.m\.|p\.m\.)"
_COUNTED = (
    r"(?:more|fewer|less|percent|of|or|pods?|replicas?|instances?|nodes?|workers?|stor(?:y|ies)|people|hours?|hrs?"
    r"|days?|weeks?|months?|minutes?|mins?|seconds?|agents?|teams?|items?|sprints?|times|x)"
)
_NOT_A_TIME = rf"(?! to \d| ?[ap]\.?m\b| ?(?:st|nd|rd|th)\b| ?%| {_COUNTED}\b| (?:{'|'.join(MONTHS)})\b)"
_HOUR = r"[01]?\d|2[0-3]"
_AT = re.compile(
    rf"(?<![\w.:$€£/-])(?:"
    rf"(?P<h>\d{{1,2}})(?:[:.](?P<min>[0-5]\d))? ?(?P<half>{_HALF})(?!\w)"
    r"|(?P<h24>[01]?\d|2[0-3]):(?P<m24>[0-5]\d)(?::\d\d)?(?![\w:])"
    r"|(?P<ish>1[0-2]|[1-9])(?: ?-?ish\b| ?o'?clock\b)"
    r"|(?:(?<=day )|(?<=row )|(?<=at )|(?<=until )|(?<=from )|(?<=by ))"
    rf"(?P<hour>{_HOUR}) ?h(?P<hmin>[0-5]\d)?\b"
    r")|\b(?:at|until|by|from|since|around|about|before|after|@) (?:about |around )?(?P<bare>[01]?\d|2[0-3])"
    rf"(?:(?:(?<=at \d)|(?<=at \d\d))\.(?P<bare_min>[0-5]\d)|)(?![\w:%/-]|\.\d){_NOT_A_TIME}"
)
_END = (
    rf"(?P<h{{0}}>{_HOUR})(?:[:.](?P<m{{0}}>[0-5]\d))? ?(?P<half{{0}}>{_HALF})?(?P<mark{{0}}> ?h\b| ?o'?clock)?"
)
_RANGE = re.compile(
    rf"(?<![\w.:$€£/-])(?P<lead>(?:from|between) |(?<=day )|(?<=day, )|(?<=row )|(?<=row, )|(?<=night )|)"
    rf"{_END.format(1)} ?(?P<joint>to|and|until|through|-) ?{_END.format(2)}(?![\w:%/-]|\.\d){_NOT_A_TIME}"
)
_PARTS: tuple[tuple[re.Pattern[str], time, time, time], ...] = tuple(
    (re.compile(rf"\b(?:{words})\b"), time(at), time(begins), time(ends))
    # words, the hour that is meant by them, and from when until when they last
    for words, at, begins, ends in (
        ("midnight", 0, 0, 0),
        ("noon", 12, 12, 12),
        ("lunch ?time|lunch", 12, 12, 14),
        ("mornings?", 9, 6, 12),
        ("afternoons?", 14, 12, 18),
        ("tonight", 20, 18, 0),
        ("evenings?", 18, 18, 0),
        ("last night", 22, 18, 0),
        ("night", 22, 20, 0),
    )
)
_LATE = re.compile(r"\b(?:afternoon|evening|tonight)\b")
_NIGHT = re.compile(r"\b(?:night)\b")
_EARLY = re.compile(r"\bmorning\b")


@dataclass(frozen=True, slots=True)
class ClockSaid:
    """A time of day. `is_open`: it may as well be meant twelve hours later."""

    at: time
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class ClockRange:
    """From one time of day to another, of the next day if it is not later; `around` is what else was said."""

    first: time
    last: time
    around: str


@dataclass(frozen=True, slots=True)
class PartOfDay:
    """A morning, an afternoon: from when until when (midnight for the next day's)."""

    begins: time
    ends: time


def read_clock(said: str, *, as_written: bool = False) -> ClockSaid | None:
    """The first time of day in `said`; of a range, its beginning. Minutes are the finest.

    Without am or pm an hour from 1 to 6 is the afternoon's, for nobody means the night without saying so; a
    leading zero or "morning" beside it says otherwise. `as_written` takes every hour as on a 24-hour clock.
    """
    if (both := read_clock_range(said, as_written=as_written)) is not None:
        return ClockSaid(both.first)
    hours = _Hours(said, as_written)
    found = (clock for one in _AT.finditer(said) if (clock := _single(one, hours)) is not None)
    if (first := next(found, None)) is not None:
        return first
    parts = [(part.start(), at) for words, at, _, _ in _PARTS if (part := words.search(said))]
    return ClockSaid(min(parts, key=lambda part: part[0])[1]) if parts else None


def read_clock_range(said: str, *, as_written: bool = False) -> ClockRange | None:
    """`from 2 to 4 pm`, `9:00-17:30`, `between 14 and 15h`, `from 9 to 5`; the first inherits am or pm."""
    said = re.sub(r"\b(until|to|-) midnight\b", r"\1 00:00", re.sub(r"\bnoon\b", "12:00", said))
    for found in _RANGE.finditer(said):
        marked = any(found[name] for name in ("half1", "half2", "m1", "m2", "mark1", "mark2"))
        beside_day = re.search(r"(?:day|row|night),? $", said[: found.start()]) is not None
        if (found["lead"] or found["joint"] != "and") and (marked or found["lead"] or beside_day):
            both = _both(found, _Hours(said, as_written))
            if both is not None:
                return ClockRange(*both, f"{said[: found.start()]} {said[found.end() :]}")
    return None


def read_part_of_day(said: str) -> PartOfDay | None:
    """The part of a day that is said where no time of day is."""
    if _AT.search(said) or read_clock_range(said):
        return None
    parts = (
        PartOfDay(begins, ends) for words, _, begins, ends in _PARTS if begins != ends and words.search(said)
    )
    return next(parts, None)


class _Hours:
    """How hours without am or pm are meant, by the part of the day that is said beside them."""

    def __init__(self, said: str, as_written: bool) -> None:
        self.late = _LATE.search(said) is not None
        self.early = _EARLY.search(said) is not None
        self.night = _NIGHT.search(said) is not None
        self.as_written = as_written

    @property
    def says_part(self) -> bool:
        return self.late or self.early or self.night

    def of(self, written: str, minute: int, half: str = "", *, exact: bool = False) -> time | None:
        """The time; None if there is none such. `exact` is an hour that is told from its like."""
        hour = int(written)
        if half:
            return time(hour % 12 + (12 if half == "p" else 0), minute) if 1 <= hour <= 12 else None
        if hour > 23:
            return None
        if exact or written.startswith("0") or not 1 <= hour < 12:
            return time(hour, minute)
        afternoon = hour <= 6 and not self.as_written and not self.early and not self.night
        later = self.late or afternoon or (self.night and hour >= 7)
        return time(hour + 12 if later else hour, minute)


def _single(found: re.Match[str], hours: _Hours) -> ClockSaid | None:
    if found["half"]:
        at = hours.of(found["h"], int(found["min"] or 0), found["half"][0])
        return None if at is None else ClockSaid(at)
    written = found["h24"] or found["ish"] or found["hour"] or found["bare"]
    minute = int(found["m24"] or found["hmin"] or found["bare_min"] or 0)
    at = hours.of(written, minute, exact=found["hour"] is not None)
    if at is None:
        return None
    told = written.startswith("0") or found["hour"] or (found["h24"] and len(written) == 2)
    return ClockSaid(at, is_open=7 <= at.hour <= 12 and not told and not hours.says_part)


def _both(found: re.Match[str], hours: _Hours) -> tuple[time, time] | None:
    hour1, hour2 = int(found["h1"]), int(found["h2"])
    half1, half2 = (found["half1"] or "")[:1], (found["half2"] or "")[:1]
    if half2 and not half1 and hour1 <= 12:
        half1 = half2 if hour1 % 12 <= hour2 % 12 else {"a": "p", "p": ""}[half2]
    on_24 = hour1 > 12 or hours.as_written
    first = hours.of(found["h1"], int(found["m1"] or 0), half1)
    last = hours.of(found["h2"], int(found["m2"] or 0), half2, exact=on_24)
    if first is None or last is None:
        return None
    if last <= first and not half2 and not on_24 and 1 <= last.hour < 12 and not found["h2"].startswith("0"):
        later = last.replace(hour=last.hour + 12)
        last = later if later > first else last
    return first, last
