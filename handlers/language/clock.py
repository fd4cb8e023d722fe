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
    r")|\b(?:at|until|by|from|around|about|before|after|@) (?:about |around )?(?P<bare>[01]?\d|2[0-3])"
    rf"(?![\w:%/-]|\.\d){_NOT_A_TIME}"
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
    """A time of day. `is_open`: it may as well be meant twelve hours later. `start` and `end` are where it
    was said."""

    at: time
    is_open: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PartOfDay:
    """A morning, an afternoon: from when until when (midnight for the next day's)."""

    begins: time
    ends: time


def read_clock(said: str) -> time | None:
    """The first time of day in `said`; of a range, its beginning. Minutes are the finest."""
    found = clock_said(said)
    return found.at if found else None


def clock_said(said: str) -> ClockSaid | None:
    """The first time of day with how surely it is known.

    Without am or pm an hour from 1 to 6 is the afternoon's, for nobody means the night without saying so; a
    leading zero, "morning" or a 24-hour time beside it says otherwise.
    """
    if (both := clock_range_said(said)) is not None:
        return ClockSaid(both[0], False, both[2].start(), both[2].end())
    found = next((one for one in _AT.finditer(said) if _time_of(one, said) is not None), None)
    if found is not None:
        at, is_open = _time_of(found, said) or (time(0), False)
        return ClockSaid(at, is_open, found.start(), found.end())
    parts = ((part.search(said), at) for part, at, _, _ in _PARTS)
    first = min(((one.start(), order, one, at) for order, (one, at) in enumerate(parts) if one), default=None)
    return ClockSaid(first[3], False, first[2].start(), first[2].end()) if first else None


def part_of_day(said: str) -> PartOfDay | None:
    """The part of a day that is said where no time of day is."""
    if _AT.search(said) or clock_range_said(said):
        return None
    for part, _, begins, ends in _PARTS:
        if part.search(said) and begins != ends:
            return PartOfDay(begins, ends)
    return None


def read_clock_range(said: str) -> tuple[time, time] | None:
    """`from 2 to 4 pm`, `9:00-17:30`, `between 14 and 15h`, `from 9 to 5`; the first inherits am or pm."""
    found = clock_range_said(said)
    return found[:2] if found else None


def clock_range_said(said: str) -> tuple[time, time, re.Match[str]] | None:
    """A range of times, and where it is said."""
    for found in _RANGE.finditer(said):
        marked = any(found[name] for name in ("half1", "half2", "m1", "m2", "mark1", "mark2"))
        if (found["joint"] == "and" and not found["lead"]) or not (
            marked or found["lead"] or _day_before(said, found)
        ):
            continue
        if (both := _both(found, said)) is not None:
            return *both, found
    return None


def _day_before(said: str, found: re.Match[str]) -> bool:
    return re.search(r"(?:day|row|night),? $", said[: found.start()]) is not None


def _both(found: re.Match[str], said: str) -> tuple[time, time] | None:
    hour1, hour2 = int(found["h1"]), int(found["h2"])
    half1, half2 = (found["half1"] or "")[:1], (found["half2"] or "")[:1]
    if half2 and not half1 and hour1 <= 12:
        half1 = half2 if hour1 % 12 <= hour2 % 12 else {"a": "p", "p": ""}[half2]
    first = _of(hour1, int(found["m1"] or 0), half1, found["h1"], said)
    as_24 = first is not None and first.hour > 12 and not half1 and hour1 > 12
    last = _of(hour2, int(found["m2"] or 0), half2, found["h2"] if not as_24 else f"0{hour2}", said)
    if first is None or last is None:
        return None
    if last <= first and not half2 and not as_24 and 1 <= last.hour < 12 and not found["h2"].startswith("0"):
        later = last.replace(hour=last.hour + 12)
        last = later if later > first else last
    return first, last


def _time_of(found: re.Match[str], said: str) -> tuple[time, bool] | None:
    """The time that matched, and whether it may as well be twelve hours later."""
    if found["half"]:
        exact = _of(int(found["h"]), int(found["min"] or 0), found["half"][0], found["h"], said)
        return None if exact is None else (exact, False)
    written = found["h24"] or found["ish"] or found["hour"] or found["bare"]
    minutes = int(found["m24"] or found["hmin"] or 0)
    at = _of(int(written), minutes, "", "0" if found["hour"] else written, said)
    if at is None:
        return None
    said_part = _LATE.search(said) or _EARLY.search(said) or _NIGHT.search(said)
    is_open = 7 <= at.hour <= 12 and not written.startswith("0") and not said_part and not found["hour"]
    return at, is_open and not (found["h24"] and len(written) == 2)


def _of(hour: int, minute: int, half: str, written: str, said: str) -> time | None:
    if half:
        return time(hour % 12 + (12 if half == "p" else 0), minute) if 1 <= hour <= 12 else None
    if hour > 23:
        return None
    if written.startswith("0") or not 1 <= hour < 12:
        return time(hour, minute)
    late = _LATE.search(said) is not None or (hour >= 7 and _NIGHT.search(said) is not None)
    small = hour <= 6 and not _EARLY.search(said) and not _NIGHT.search(said)
    return time(hour + 12 if late or small else hour, minute)
