"""From when until when something shall hold: "until Friday", "for 2 hours", "tomorrow from 2 to 4 pm"."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from handlers.language import local_time as local
from handlers.language.amounts import read_duration
from handlers.language.clock import read_clock_range
from handlers.language.dates import TimeSaid, read_moment
from handlers.language.local_time import Leaning
from handlers.language.periods import Period, read_period
from handlers.language.words import plain

_UNTIL = re.compile(r"\b(?:until|till|til|untill|through|thru|up to|by) (?P<end>.+)")
_FOR = re.compile(r"\b(?:for|next|the next|coming) (?P<length>(?:the )?(?:next )?.+)")
_BEGINNING = re.compile(
    r"\b(?:from|starting|beginning|as of) (?P<start>.+?)(?= (?:until|till|to|through|for)\b|$)"
)


def read_span(text: str, now: datetime, zone: str) -> Period | None:
    """The future span that is said, from `now` if no beginning is. None if no end is said or it is over."""
    said = plain(text)
    span = _clock_range(said, now, zone) or _until(said, now, zone) or _for(said, now, zone)
    span = span or read_period(said, now, zone, Leaning.FUTURE)
    return span if span is not None and span.end > max(now, span.start) else None


def _clock_range(said: str, now: datetime, zone: str) -> Period | None:
    both = read_clock_range(said)
    start = read_moment(said, now, zone)
    if both is None or start is None:
        return None
    day = local.today(start.at, zone)
    begins = local.instant(day, both[0], zone)
    ends = local.instant(day if both[1] > both[0] else day + timedelta(days=1), both[1], zone)
    return Period(begins, ends, f"{day:%Y-%m-%d} {both[0]:%H:%M} to {both[1]:%H:%M}")


def _until(said: str, now: datetime, zone: str) -> Period | None:
    found = _UNTIL.search(said)
    end = read_moment(found[0], now, zone) if found else None
    if found is None:
        return None
    start = _start(said[: found.start()], now, zone)
    if end is not None:
        if end.deadline <= start.at:
            end = read_moment(found[0], start.at, zone) or end
        return Period(start.at, end.deadline, f"until {found['end']}")
    period = read_period(found["end"], now, zone, Leaning.FUTURE)
    return Period(start.at, period.end, f"until {period.name}") if period else None


def _for(said: str, now: datetime, zone: str) -> Period | None:
    found = _FOR.search(said)
    length = read_duration(found["length"]) if found else None
    if found is None or length is None or length <= timedelta():
        return None
    start = _start(said[: found.start()] + " " + said[found.end() :], now, zone)
    return Period(start.at, start.at + length, f"for {found['length']}")


def _start(said: str, now: datetime, zone: str) -> TimeSaid:
    found = _BEGINNING.search(said)
    here = now.astimezone(UTC)
    return (read_moment(found["start"] if found else said, now, zone)) or TimeSaid(here, here, whole_day=False)
