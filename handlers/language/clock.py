"""Times of day: "3 AM", "14:30", "at 10", "noon", "from 2 to 4 pm"."""

from __future__ import annotations

import re
from datetime import time

from handlers.language.local_time import MONTH

_HALF = r"(?:am|pm|a\.m\.|p\.m\.)"
_RANGE = re.compile(
    rf"\b(?:(?:from|between) )?(?P<h>\d{{1,2}})(?::(?P<m>\d\d))? ?(?P<half>{_HALF})? ?"
    r"(?:to|and|until|till|-|–) ?"
    rf"(?P<h2>\d{{1,2}})(?::(?P<m2>\d\d))? ?(?P<half2>{_HALF}|h\b|o'?clock)?(?![\w:])"
)
_COUNTED = r"(?:more|percent|pods?|replicas?|hours?|days?|weeks?|minutes?)"
_NOT_A_TIME = rf" ?{_HALF}|(?:st|nd|rd|th)\b| {_COUNTED}\b| {MONTH}"
_AT = re.compile(
    rf"(?<![\w.:$-])(?P<h>\d{{1,2}})(?:[:.](?P<min>\d{{2}}))?\s?(?P<half>{_HALF})(?!\w)"
    r"|(?<![\w.:-])(?P<h24>[01]?\d|2[0-3]):(?P<m24>[0-5]\d)(?![\w:])"
    r"|\b(?:at|until|till|by|from|around) (?P<bare>[01]?\d|2[0-3])(?: ?o'?clock)?"
    rf"(?![\w.:%/-]|{_NOT_A_TIME.replace('(?P<month>', '(?:')})"
)
_PARTS = (
    ("midnight", time(0)), ("noon", time(12)), ("midday", time(12)), ("lunchtime", time(12)),
    ("morning", time(9)),
    ("afternoon", time(14)), ("evening", time(18)), ("tonight", time(20)), ("last night", time(22)),
)  # fmt: skip


def read_clock(said: str) -> time | None:
    """The first time of day in `said` (plain text); of a range, its beginning. Minutes are the finest."""
    if both := read_clock_range(said):
        return both[0]
    found = _AT.search(said)
    if found is None:
        return next((at for words, at in _PARTS if re.search(rf"\b{words}\b", said)), None)
    if found["half"]:
        return _time(int(found["h"]), int(found["min"] or 0), found["half"][0])
    if found["h24"]:
        return time(int(found["h24"]), int(found["m24"]))
    return time(int(found["bare"]))


def read_clock_range(said: str) -> tuple[time, time] | None:
    """`from 2 to 4 pm`, `9:00-17:30`, `between 14 and 15h`; the first half of the day is inherited."""
    found = _RANGE.search(said)
    if found is None or not (found["half"] or found["half2"] or found["m"] or found["m2"]):
        return None
    ends = found["half2"] or ""
    last = _time(int(found["h2"]), int(found["m2"] or 0), ends[:1] if ends[:1] in ("a", "p") else None)
    inherited = found["half"] or (
        ends if ends[:1] in ("a", "p") and int(found["h"]) <= int(found["h2"]) else ""
    )
    first = _time(int(found["h"]), int(found["m"] or 0), inherited[:1] or None)
    return (first, last) if first is not None and last is not None else None


def _time(hour: int, minute: int, half: str | None) -> time | None:
    if minute > 59 or hour > 23 or (half and not 1 <= hour <= 12):
        return None
    return time(hour % 12 + (12 if half == "p" else 0) if half else hour, minute)
