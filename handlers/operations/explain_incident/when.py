"""When it is said to have happened: always in the past, in the time zone of whoever asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from governance.department import Calendar
from handlers.language.calendar_words import in_calendar_words
from handlers.language.clock import read_clock
from handlers.language.dates import read_moment
from handlers.language.local_time import Leaning, instant
from handlers.language.periods import read_period

RECENT = timedelta(minutes=40)
"""What "just now" reaches back to; the embedded metrics have the finest windows for an hour."""
_AROUND = (timedelta(hours=1), timedelta(hours=1, minutes=30))
"""Before and after a moment: people say when they noticed, and round it."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Said:
    """From when until when, as it was said; `end` is never after now."""

    start: datetime
    end: datetime


_NOW = re.compile(
    r"\b(?:just now|right now|now|currently|at the moment|still|(?:a|few) (?:moment|minute)s? ago)\b"
)
_PARTS = tuple(
    (re.compile(words), days, time(begins), time(ends))
    # the words, how many days ago it began, and from when until when it lasts
    for words, days, begins, ends in (
        (r"\b(?:last night|overnight|during the night|in the night|tonight)\b", 1, 18, 8),
        (r"\byesterday morning\b", 1, 5, 12),
        (r"\byesterday (?:at )?(?:afternoon|noon)\b", 1, 12, 18),
        (r"\byesterday (?:evening|night)\b", 1, 18, 0),
        (r"\b(?:this )?morning(?:'s)?\b", 0, 0, 12),
        (r"\b(?:this )?afternoon(?:'s)?\b", 0, 12, 18),
        (r"\b(?:this )?evening(?:'s)?\b", 0, 18, 0),
    )
)


def when_said(text: str, now: datetime, zone: str, calendar: Calendar | None) -> Said | None:
    """The time that is meant, None where none is said. A moment is taken with what lies around it: an hour
    before and an hour and a half after. "At 3" is the last 3 o'clock, by day or by night."""
    said = in_calendar_words(text)
    period = read_period(text, now, zone, Leaning.PAST, calendar)
    hours = _hours(said)
    part = _part_of_a_day(said, now, zone)
    if part is not None and (period is None or not hours):
        days = (part.start.astimezone(ZoneInfo(zone)).date() + timedelta(days=ahead) for ahead in (0, 1))
        moments = [instant(day, hour, zone) for day in days for hour in hours]
        within = sorted(at for at in moments if part.start <= at < part.end)
        return _around(within[0], now) if within else part
    if period is not None:
        return _clipped(period.start, period.end, now)
    moment = read_moment(text, now, zone, Leaning.PAST, calendar)
    if moment is None:
        return Said(now - RECENT, now) if _NOW.search(said) else None
    if moment.whole_day:
        return _clipped(moment.at, moment.ends, now)
    day_is_said = read_moment(text, now, zone, Leaning.FUTURE, calendar) == moment
    is_open = len(hours) > 1 and not day_is_said
    return _around(_nearest_past(moment.at, is_open, now), now)


def _hours(said: str) -> tuple[time, ...]:
    """The times of day that may be meant: none, one, or two that lie twelve hours apart. Whoever asks about an
    incident may well mean the night, so 3 is either 3 o'clock."""
    alone = _PART_WORDS.sub(" ", said)
    usual, written = read_clock(alone), read_clock(alone, as_written=True)
    if usual is None or written is None:
        return ()
    if usual.is_open or usual.at != written.at:
        return (written.at, written.at.replace(hour=(written.at.hour + 12) % 24))
    return (usual.at,)


_PART_WORDS = re.compile(
    r"\b(?:last night|overnight|during the night|in the night|tonight|night|mornings?|afternoons?|evenings?)\b"
)


def _part_of_a_day(said: str, now: datetime, zone: str) -> Said | None:
    for words, days, begins, ends in _PARTS:
        if words.search(said):
            today = now.astimezone(ZoneInfo(zone)).date()
            for ago in (days, days + 1):
                start = instant(today - timedelta(days=ago), begins, zone)
                last = today - timedelta(days=ago - 1 if ends <= begins else ago)
                if start < now:
                    return _clipped(start, instant(last, ends, zone), now)
    return None


def _nearest_past(at: datetime, is_open: bool, now: datetime) -> datetime:
    """The last time before now: twelve hours later where that is past as well, and nobody said which half of
    the day is meant."""
    half = timedelta(hours=12)
    if is_open and at + half <= now:
        return at + half
    return at - _DAY if at > now else at


def _around(at: datetime, now: datetime) -> Said:
    return Said(at - _AROUND[0], min(at + _AROUND[1], now))


def _clipped(start: datetime, end: datetime, now: datetime) -> Said | None:
    """None where all of it is to come."""
    return Said(start, min(end, now)) if start < now else None
