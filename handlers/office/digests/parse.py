"""What somebody wants of their digests, parsed from their words: which, when, where, quiet hours."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import time
from functools import cache
from typing import Literal
from zoneinfo import available_timezones

from handlers.language.calendar_words import WEEKDAY, in_calendar_words, weekday_number
from handlers.language.clock import read_clock, read_clock_range
from handlers.language.spans import excepted
from handlers.language.words import plain, visible
from handlers.office.digests.schedule import EVERY_DAY
from handlers.office.digests.settings import WORKING_DAYS, DigestKind

Act = Literal["settings", "show", "set", "off", "pause", "quiet", "no_quiet", "pierce", "no_pierce", "cannot"]

_TO = re.compile(r"\bto (?=(?:[01]?\d|2[0-3])(?:[:.][0-5]\d)?(?![\w:.]*\d|st\b|nd\b|rd\b|th\b))")

_ANY_DAY = rf"\b{WEEKDAY}\b"
_SECOND_DAY = _ANY_DAY.replace("(?P<weekday>", "(?P<last>")
_DAYS_RANGE = re.compile(rf"{_ANY_DAY} ?(?:to|through|until|-) ?{_SECOND_DAY}")
_EVERY_DAY = re.compile(
    r"\b(?:every|each) ?day\b(?! of)|\b(?:7|seven) days\b"
    r"|\b(?:also|and|including|even) (?:on |at )?(?:the )?weekends?\b|\bweekends? (?:too|as well)\b"
)
_WORKING = re.compile(
    r"\b(?:week|work|working|business) ?-?days?\b"
    r"|\b(?:no|not|never|nothing|except|without|stop)\b[^.]{0,40}\bweekends?\b"
)
_WEEKEND = re.compile(r"\b(?:on|at|every) (?:the )?weekends?\b")

_IANA = re.compile(r"\b[a-z]+(?:/[a-z_+-]+\d*)+")
_REGIONS = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Pacific")

_BARE_RANGE = re.compile(
    r"\b(?P<first>[01]?\d|2[0-3])(?::(?P<minute>[0-5]\d))? ?(?:to|until|and|-) ?"
    r"(?P<last>[01]?\d|2[0-3])(?::(?P<last_minute>[0-5]\d))?\b"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted. No `kinds` are the ones that the person has; `channel` is a channel's name or id,
    or `here`. `cannot` names what is not there; `changes` says that it is about one that there is."""

    act: Act
    kinds: tuple[DigestKind, ...] = ()
    at: time | None = None
    days: frozenset[int] | None = None
    zone: str | None = None
    platforms: tuple[str, ...] | None = None
    channel: str | None = None
    hours: tuple[time, time] | None = None
    cannot: str = ""
    changes: bool = False

    @property
    def is_about_when(self) -> bool:
        """Whether a time, day, zone or place is said, so that something is to be set."""
        said = (self.at, self.days, self.zone, self.platforms, self.channel)
        return any(value is not None for value in said)


_KINDS = (
    (DigestKind.WEEKLY, re.compile(r"\bweek(?:ly|'s)?\b(?! ?days?\b)|\bexecutive\b|\bdashboard\b")),
    (DigestKind.APPROVALS, re.compile(r"\bapprovals?\b|\bdecisions?\b|\bwait(?:s|ing)?\b|\bvotes?\b")),
    (DigestKind.BLOCKERS, re.compile(r"\bblock\w*")),
    (
        DigestKind.DAILY,
        re.compile(r"\bdai?ly\b|\bdialy\b|\bprogress\b|\b(?:to|each |every )?day(?:'s)?\b"),
    ),
)
_QUIET = re.compile(
    r"\bquiet (?:hours?|times?)\b|\b(?:do not|don'?t) disturb\b|\b(?:leave me|let me) (?:alone|sleep)\b"
    r"|\b(?:nothing|(?:do not|don'?t) (?:send|message|write|ping)|no (?:messages?|notifications?|alerts?))\b.*"
    r"\b(?:after|before|between|from|at night|overnight)\b"
)
_SOME_HOURS = re.compile(r"\d|\b(?:from|between|after|before|at night|overnight)\b")
_THROUGH = re.compile(r"\b(?:through|pierce|anyway|wake me|even (?:in|at|during))\b")
_NO = re.compile(r"\b(?:no|not|don'?t|do not|never|stop)\b")
_OFF = re.compile(
    r"\b(?:off|stop|no more|mute|silence|disable|cancel|unsubscribe|drop|remove|end|don'?t want|do not want"
    r"|no longer|any ?(?:more|longer)|without|never)\b|^no\b"
)
_NO_WEEKEND = re.compile(r"\bweekends?\b|\b(?:except|but not)\b")
_PAUSE = re.compile(
    r"\b(?:pause|mute|suspend|hold|stop|no)\b.*\b(?:until|till|for (?:a|the|two|\d))\b|\bpause\b"
)
_SETTINGS = re.compile(
    r"\bsettings?\b|\bwhich\b|\bwhen\b|\bwhere\b|\btoo many\b|\bset ?up\b\??$|\bconfigur\w*|\boptions?\b"
    r"|^(?:my )?(?:digests?|summar(?:y|ies)|briefings?)[.?!]*$"
)
_SHOW = re.compile(
    r"\bnow\b|\bshow\b|\bgive me\b|\bright away\b|\bcatch me up\b|\brecap\b|\bwrap-?up\b|\bbring me up\b"
    r"|\bwhat(?:'s| is| did| has| have| was)?\b.*\b(?:miss(?:ed)?|happen(?:ed)?|new|in my)\b"
    r"|\btoday's\b|\byesterday\b|\b(?:summary|digest|summaries)\b(?: of the day)?,? please"
)
_AGAIN = re.compile(r"\b(?:each|every|always|from now on|regularly)\b")
_SET = re.compile(
    r"\b(?:send|set|turn|switch|put|post|move|change|start|resume|subscribe|want|like|get|on|deliver|make)\b"
)
_CHANGES = re.compile(r"\b(?:change|move|shift|reschedule|set|switch) (?:my|the)\b")
_MAIL = re.compile(r"\be-?mails?\b|\bmails?\b|\bsms\b|\btext message\b")
_SHAPE = re.compile(r"\b(?:shorter|longer|more detail\w*|less detail\w*|briefer)\b")
_PLATFORMS = (
    ("slack", re.compile(r"\bslack\b")),
    (
        "teams",
        re.compile(r"\b(?:on|in|to|via|through|and|or|over) teams\b|\b(?:ms|microsoft) teams\b"),
    ),
    ("console", re.compile(r"\bconsole\b")),
)
_EVERYWHERE = re.compile(r"\beverywhere\b|\ball platforms\b")
_CHANNEL = re.compile(r"<#(?P<id>[A-Z0-9]+)(?:\|[^>]*)?>|(?<![\w&])#(?P<name>[\w-]+)", re.IGNORECASE)
_HERE = re.compile(r"\bthis channel\b|\b(?:post|put|send)\b.*\bhere\b")


def read_wish(text: str) -> Wish:
    """What the words ask for."""
    said = plain(_CHANNEL.sub(" ", text))
    if _QUIET.search(said) or (_THROUGH.search(said) and re.search(r"\bquiet\b|\bblock", said)):
        return _quiet(said)
    wish = Wish(
        "settings",
        _kinds(said),
        read_time(said),
        _read_days(said),
        read_zone(said),
        _platforms(said),
        _channel(text, said),
        cannot=_cannot(said),
        changes=_CHANGES.search(said) is not None,
    )
    return replace(wish, act=_act(said, wish))


def _act(said: str, wish: Wish) -> Act:
    is_off = bool(_OFF.search(said)) and not _NO_WEEKEND.search(said)
    if _PAUSE.search(said):
        return "pause"
    if is_off:
        return "off"
    if wish.cannot:
        return "cannot"
    if _SETTINGS.search(said) and not (wish.at or wish.days is not None):
        return "settings"
    if wish.is_about_when or _AGAIN.search(said):
        return "set"
    if _SHOW.search(said):
        return "show"
    if _SET.search(said):
        return "set"
    return "show" if wish.kinds else "settings"


def _quiet(said: str) -> Wish:
    if _THROUGH.search(said):
        return Wish("no_pierce" if _NO.search(said) else "pierce")
    hours = read_quiet(said)
    if hours is not None or _SOME_HOURS.search(said):
        return Wish("quiet", hours=hours, zone=read_zone(said))
    return Wish("no_quiet" if _OFF.search(said) or _NO.search(said) else "settings")


def _kinds(said: str) -> tuple[DigestKind, ...]:
    return tuple(kind for kind, pattern in _KINDS if pattern.search(said))


def _platforms(said: str) -> tuple[str, ...] | None:
    if _EVERYWHERE.search(said):
        return ()
    return tuple(name for name, pattern in _PLATFORMS if pattern.search(said)) or None


def _channel(text: str, said: str) -> str | None:
    found = _CHANNEL.search(visible(text))
    if found is not None:
        return found["id"] or found["name"]
    return "here" if _HERE.search(said) else None


def _cannot(said: str) -> str:
    if _MAIL.search(said):
        return "mail"
    return "shape" if _SHAPE.search(said) else ""


def read_time(said: str) -> time | None:
    """The time of day in plain words: `at 8:30`, `to 9`, `in the evening at six`, `friday afternoon`."""
    clock = read_clock(_TO.sub("at ", in_calendar_words(said)), as_written=True)
    return clock.at if clock else None


def _read_days(said: str) -> frozenset[int] | None:
    """The weekdays in plain words, WORKING_DAYS for the calendar's own; None if none are said."""
    said = in_calendar_words(said)
    if _EVERY_DAY.search(said):
        return EVERY_DAY
    if (but := excepted(said)).weekdays:
        return frozenset(range(5)) - but.weekdays
    days = _days_in(said)
    if _WORKING.search(said) or days == frozenset(range(5)):
        return WORKING_DAYS
    if days:
        return days
    return frozenset({5, 6}) if _WEEKEND.search(said) else None


def _days_in(said: str) -> frozenset[int]:
    if (found := _DAYS_RANGE.search(said)) is not None:
        first, last = weekday_number(found["weekday"]), weekday_number(found["last"])
        return frozenset((first + ahead) % 7 for ahead in range((last - first) % 7 + 1))
    return frozenset(weekday_number(found["weekday"]) for found in re.finditer(_ANY_DAY, said))


def read_zone(said: str) -> str | None:
    """The time zone in plain words, by its IANA name or a city: `europe/dublin`, `in dublin time`."""
    by_name = _zones_by_name()
    for found in _IANA.finditer(said):
        if found[0] in by_name:
            return by_name[found[0]]
    found_city = _city().search(said)
    if found_city is None:
        return None
    return _zones_by_city()[found_city["city"] or found_city["time"]]


def read_quiet(said: str) -> tuple[time, time] | None:
    """From when to when, in plain words: `20:00 to 7:00`, `between 8 pm and 7 am`, `22 to 7`."""
    said = in_calendar_words(said)
    if (both := read_clock_range(said, as_written=True)) is not None:
        return both.first, both.last
    found = _BARE_RANGE.search(said)
    if found is None:
        return None
    return (
        time(int(found["first"]), int(found["minute"] or 0)),
        time(int(found["last"]), int(found["last_minute"] or 0)),
    )


@cache
def _zones_by_name() -> dict[str, str]:
    return {zone.casefold(): zone for zone in available_timezones()}


@cache
def _zones_by_city() -> dict[str, str]:
    cities = {
        zone.rpartition("/")[2].replace("_", " ").casefold(): zone
        for zone in sorted(available_timezones())
        if zone.startswith(_REGIONS)
    }
    return {**cities, "utc": "UTC", "gmt": "UTC"}


@cache
def _city() -> re.Pattern[str]:
    names = "|".join(map(re.escape, sorted(_zones_by_city(), key=len, reverse=True)))
    return re.compile(rf"\btime ?zones?\b.*?\b(?P<city>{names})\b|\b(?P<time>{names}) time\b")
