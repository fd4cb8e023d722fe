"""What somebody says that a customer needs: what, by when, and whether that is for its renewal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from governance.department import Calendar
from handlers.language.dates import read_moment
from handlers.language.local_time import Leaning
from handlers.language.periods import read_period
from integrations.tracker.lines import plain_line

LONGEST = 160

_NEEDS = re.compile(
    r"\b(?:needs?|wants?|requires?|must have|would like|insists? on|depends? on|is waiting for|waits? for"
    r"|(?:is |has |have |are )?ask(?:s|ed|ing)?(?: us)? (?:for|to (?:have|get|build|add))"
    r"|(?:has |have )?request(?:s|ed|ing)?)\b(?: (?:to (?:have|get|see)|us to (?:build|add|support)))?",
    re.IGNORECASE,
)
_ON_BEHALF = re.compile(
    r"^(?:please )?(?:record|log|note|file|add|register|open|capture|track) (?:this |a |an |the |new )*"
    r"(?:customer |feature )*(?:request|need|ask|wish|requirement)s?\b",
    re.IGNORECASE,
)
_FOR_WHOM = re.compile(r"\b(?:for|from|by|of) *$|^[\s:,;-]+|^(?:for|from|by|of)\b[\s:,;-]*", re.IGNORECASE)
_BY = re.compile(
    r",?\s*\b(?P<how>by|before|until|till|no later than|not later than|in time for|ahead of|at the latest by)\b"
    r" (?P<when>[^,;.]+)",
    re.IGNORECASE,
)
_IN_PERIOD = re.compile(
    r",?\s*\b(?P<how>in|within|during) (?P<when>(?:the )?(?:next |coming |first |second )?"
    r"(?:q[1-4]\b|quarter|half|month|january|february|march|april|may|june|july|august|september|october"
    r"|november|december|week)[^,;.]*)",
    re.IGNORECASE,
)
_RENEWAL = re.compile(
    r",?\s*\b(?:(?:or|otherwise) (?:they|it) (?:won'?t|will not) renew\w*"
    r"|(?:for|to|before|by|because of|due to|ahead of) (?:(?:the|their|its|our|a|this) )?(?:contract )?"
    r"renew(?:al|s|ing)?\b"
    r"(?: (?:date|talks?|conversation))?)",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"^(?:the|a|an|some|our|us|to have|to get)\s+", re.IGNORECASE)
_ENDING = re.compile(r"[\s,;:-]+(?:(?:which |that )?(?:is|are) )?needed\s*$", re.IGNORECASE)
_FILLER = re.compile(
    r"\b(?:enterprise|growth|starter|key|big|important|our)?\s*(?:customer|client|account)\b", re.I
)


@dataclass(frozen=True, slots=True)
class NeedSaid:
    """`what` is empty where nothing was said; `for_renewal` if it is needed for the renewal."""

    what: str
    needed_by: date | None
    for_renewal: bool


def read_need(
    text: str, names: Sequence[str], now: datetime, zone: str, calendar: Calendar | None, renewal: date | None
) -> NeedSaid:
    """What a message says that a customer needs, which goes by any of `names`."""
    flat = " ".join(text.split())
    for_renewal = _RENEWAL.search(flat) is not None
    rest = _RENEWAL.sub("", flat)
    needed, rest = _day(rest, now, zone, calendar)
    if needed is None and for_renewal and re.search(r"\b(?:before|by|ahead of)\b[^,;.]*renew", flat, re.I):
        needed = renewal
    return NeedSaid(_what(rest, names), needed, for_renewal)


def _day(text: str, now: datetime, zone: str, calendar: Calendar | None) -> tuple[date | None, str]:
    """The last day on which it is still in time, and the text without that."""
    for pattern in (_BY, _IN_PERIOD):
        for found in reversed(list(pattern.finditer(text))):
            day = last_day(found["how"], found["when"], now, zone, calendar)
            if day is not None:
                return day, f"{text[: found.start()]} {text[found.end() :]}".strip()
    return None, text


def last_day(how: str, when: str, now: datetime, zone: str, calendar: Calendar | None) -> date | None:
    """The last day of "by Q2", "before June", "by 14 March", in people's own time zone."""
    before = how.casefold() in ("before", "ahead of", "in time for")
    at_end = re.search(r"\b(?:the )?(?:end|close) of ", when, re.IGNORECASE)
    said = when[at_end.end() :] if at_end else when
    seen = (now, zone, Leaning.FUTURE, calendar)
    period = read_period(said, *seen) or read_period(f"in {said}", *seen)
    if period is not None:
        edge = period.start if before and not at_end else period.end
        return edge.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
    moment = read_moment(when, now, zone, Leaning.FUTURE, calendar)
    if moment is None:
        return None
    day = moment.at.astimezone(ZoneInfo(zone)).date()
    return day - timedelta(days=1) if before else day


def _what(text: str, names: Sequence[str]) -> str:
    ordered = _ON_BEHALF.match(text)
    needs = None if ordered else _NEEDS.search(text)
    rest = text[needs.end() :] if needs else text[ordered.end() :] if ordered else text
    return _bare(_ENDING.sub("", rest), () if needs else names)


def _bare(text: str, names: Sequence[str]) -> str:
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(
            rf"(?:\b(?:for|from|by|of) )?(?<!\w){re.escape(name)}(?:'s)?(?!\w)",
            "",
            text,
            count=1,
            flags=re.IGNORECASE,
        )
    text = _FILLER.sub("", text) if names else text
    last = None
    while text != last:
        last = text
        text = _ARTICLE.sub("", _FOR_WHOM.sub("", text.strip(" .,:;!-“”\"'"))).strip()
    return plain_line(f"{text[:1].upper()}{text[1:]}", LONGEST)
