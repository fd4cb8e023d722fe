"""Which time ahead is meant by a request for a capacity plan, and what is said of its traffic."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from agents.operations.capacity.expected_peak import TimeAhead
from agents.operations.capacity.traffic_forecast import Growth
from handlers.conversation.handler import CannotAnswer
from handlers.language.amounts import RATE, read_load_factor, read_rate
from handlers.language.local_time import Leaning
from handlers.language.periods import read_period

USUAL_AHEAD = timedelta(days=30)
FURTHEST_AHEAD = timedelta(days=366)
MOST_PEAK = 1_000_000_000
"""Requests a second."""

MOST_TIMES = 1_000

_WEEKLY = re.compile(r"\b(?P<share>\d+(?:\.\d+)?) ?% ?(?:weekly|a week|per week|each week|every week|/ ?week)")
_NAMED = re.compile(r"\b(?P<friday>black friday)\b|\b(?P<monday>cyber monday)\b|\b(?P<singles>singles'? day)\b")


@dataclass(frozen=True, slots=True)
class Ahead:
    """The time from `since` until before `until`, as people call it. `times` is how many times the last day's
    highest five minutes somebody expects, `weekly` the share by which it grows a week, `peak` the requests a
    second that somebody expects."""

    name: str
    since: datetime
    until: datetime
    times: float | None
    weekly: float | None
    peak: float | None

    def said_by(self, who: str, now: datetime) -> TimeAhead:
        """The time, and what `who` said of its traffic, for the forecast."""
        growth: tuple[Growth, ...] = ()
        if self.weekly is not None:
            weeks = max((self.until - now) / timedelta(weeks=1), 0.0)
            growth = (Growth("growth", self.until, float((1 + self.weekly) ** weeks), f"{who} said so"),)
        return TimeAhead(self.name, self.since, self.until, who, self.times, growth)


def read_ahead(text: str, now: datetime, zone: str) -> Ahead:
    """Read the time that is meant: an event, a period, or the next month. Raises CannotAnswer, also for traffic
    that cannot be planned for."""
    said = text.lower()
    weekly = _WEEKLY.search(said)
    left = RATE.sub(" ", _WEEKLY.sub(" ", said))
    times, peak = read_load_factor(left), read_rate(said)
    name, since, until = _time(left, now, zone)
    if until <= now or since - now > FURTHEST_AHEAD:
        raise CannotAnswer("A capacity plan looks up to a year ahead. Which time do you mean?")
    grows = None if weekly is None else float(weekly["share"]) / 100
    for what, value, most in (("peak", peak, MOST_PEAK), ("multiple", times, MOST_TIMES)):
        if value is not None and not 0 < value <= most:
            raise CannotAnswer(
                f"A {what} to plan for lies above 0 and at {most:,} at most. What do you expect?"
            )
    if grows is not None and grows > 1:
        raise CannotAnswer("Traffic that more than doubles each week is more than I plan for.")
    return Ahead(name, max(since, now), until, None if times is None else float(times), grows, peak)


def _time(said: str, now: datetime, zone: str) -> tuple[str, datetime, datetime]:
    if (named := _NAMED.search(said)) is not None:
        today = now.astimezone(ZoneInfo(zone)).date()
        name = next(key for key, words in named.groupdict().items() if words)
        day = next(day for year in (today.year, today.year + 1) if (day := _day(name, year)) >= today)
        title = " ".join(word.capitalize() for word in named[0].split())
        return f"{title} ({day:%Y-%m-%d})", _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
    period = read_period(said, now, zone, Leaning.FUTURE)
    if period is not None and period.end > now:
        return period.name, period.start, period.end
    return "the next 30 days", now, now + USUAL_AHEAD


def _day(name: str, year: int) -> date:
    """Black Friday is the day after the fourth Thursday of November, Cyber Monday three days later."""
    if name == "singles":
        return date(year, 11, 11)
    first = date(year, 11, 1)
    thanksgiving = first + timedelta(days=(3 - first.weekday()) % 7 + 21)
    return thanksgiving + timedelta(days=1 if name == "friday" else 4)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))
