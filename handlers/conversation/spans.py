"""From when until when something is to hold: "until Friday", "for two hours", "Monday to Wednesday"."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from handlers.language.amounts import read_duration
from handlers.language.dates import read_moment
from handlers.language.local_time import WEEKDAY, Leaning
from handlers.language.periods import read_period
from handlers.language.words import plain

_UNTIL = re.compile(r"\b(?:until|untill|till|through|thru|up to)\b(?P<end>.*)\Z|\bto the (?P<the>end of .*)\Z")
_FROM = re.compile(r"\bfrom (?!now\b)(?P<start>.+?)(?= \b(?:until|untill|till|through|thru|to|for)\b|\Z)")
_ONLY_BEGINS = re.compile(r"\b(?:from|start\w*|beginning) (?:on |the )?\w+")
_HOURS = re.compile(
    r"\bfrom (?P<first>\d{1,2}(?:[:.]\d{2})?) ?(?P<half1>am|pm)? ?(?:to|until|till|-|–) ?"
    r"(?P<last>\d{1,2}(?:[:.]\d{2})?) ?(?P<half2>am|pm)?\b"
)


def read_span(text: str, now: datetime, zone: str) -> tuple[datetime, datetime] | None:
    """The half-open span that is said, seen from `now` in the IANA `zone`; None if no end is said.

    Without a start it begins now; a day or a week that has begun already is cut off at now.
    """
    said = plain(text)
    for read in (_hours, _until, _lasting, _named):
        span = read(said, now, zone)
        if span is not None:
            return max(span[0], now), span[1]
    return None


def _hours(said: str, now: datetime, zone: str) -> tuple[datetime, datetime] | None:
    """`tomorrow from 2 to 4 pm`: the day is said apart from the hours."""
    found = _HOURS.search(said)
    if found is None:
        return None
    half = found["half1"] or found["half2"] or ("pm" if _is_small(found["first"]) else "")
    day = said.replace(found[0], " ")
    start = read_moment(f"{day} at {found['first']}{half}", now, zone)
    end = read_moment(
        f"{day} at {found['last']}{found['half2'] or (half if _is_small(found['last']) else '')}", now, zone
    )
    if start is None or end is None:
        return None
    return start.at, end.at if end.at > start.at else end.at + timedelta(days=1)


def _until(said: str, now: datetime, zone: str) -> tuple[datetime, datetime] | None:
    found = _UNTIL.search(said)
    if found is None:
        return None
    before = said[: found.start()]
    started = _FROM.search(before)
    start = read_moment(started["start"] if started else before, now, zone)
    begins = max(start.at, now) if start else now
    end = read_moment(f"until {found['end'] or found['the']}", begins, zone)
    if end is None:
        return None
    # Said on a Monday afternoon, "until Monday morning" is a week away.
    week = timedelta(days=7) if end.deadline <= begins and re.search(WEEKDAY, found[0]) else timedelta(0)
    return begins, end.deadline + week


def _lasting(said: str, now: datetime, zone: str) -> tuple[datetime, datetime] | None:
    """`for two hours`, `the next 3 days`, `on Monday for a week`."""
    spoken = re.sub(r"\b\d{1,2}(?:[:.]\d{2})? ?[ap]\.?m\b\.?", " ", said)
    length = timedelta(hours=1) if re.search(r"\bnext hour\b", said) else read_duration(spoken)
    if length is None or length <= timedelta(0) or re.search(r"\bin (?:\d|an?\b|half\b)", said):
        return None
    start = read_moment(said, now, zone)
    return (start.at, start.at + length) if start else (now, now + length)


def _is_small(clock: str) -> bool:
    """Hours that people mean in the afternoon when they say neither: from 1 to 6."""
    return 1 <= int(re.split("[:.]", clock)[0]) <= 6


def _named(said: str, now: datetime, zone: str) -> tuple[datetime, datetime] | None:
    if _ONLY_BEGINS.search(said) and not re.search(r" (?:to|and|-|–) ", said):
        return None
    period = read_period(said, now, zone, Leaning.FUTURE)
    return (period.start, period.end) if period is not None and period.end > now else None
