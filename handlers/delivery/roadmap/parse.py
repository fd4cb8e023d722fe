"""What is asked of a roadmap: to make one, to show the one that stands, or to suppose something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from agents.roadmap.items import MoreHands, Span, Wishes
from governance.department import Department, Discipline
from handlers.language.calendar_periods import near_days
from handlers.language.kinds import Thing
from handlers.language.local_time import Leaning
from handlers.language.matching import find_all
from handlers.language.periods import read_period
from handlers.language.words import in_digits

_SHOWS = re.compile(
    r"\b(?:show|see|open|where is|how is|how does|status of|drift|on track|stands?)\b.*\broad ?map\b"
    r"|\broad ?map\b.*\b(?:on track|drift\w*|stands?|so far|doing|going)\b"
    r"|\bwhat(?:'s| is)(?: on| in)? the (?:\w+ ){0,2}road ?map\b|\bwhat(?:'s| is) (?:planned|coming)\b"
)
_MAKES = re.compile(
    r"\b(?:generate|make|create|draft|draw|build|propose|plan|sketch|lay out|put together|work out|update"
    r"|revise|again|new)\b"
)
_ADOPTS = re.compile(
    r"\b(?:make|take|set|adopt|approve|use|accept) (?:it|this|that|the roadmap|this roadmap)"
    r"(?: as)?(?: (?:the|our))?(?: (?:plan of record|plan|roadmap))?\W*$|\bplan of record\b|^\W*approved\W*$"
)
_WHO = (
    r"(?:(?P<kind>backend|back-end|frontend|front-end|data|ml|qa|test|security|sre|design|documentation)\s+)?"
    r"(?P<who>engineers?|developers?|devs?|people|persons?|agents?|testers?|sres?|designers?|hands)"
)
_MORE = re.compile(
    rf"\b(?P<count>\d{{1,2}}|an?|another)\s+(?P<way>more|extra|additional|further|new|fewer|less)?\s*{_WHO}"
    r"(?:\s+(?P<later>more|extra|fewer|less))?"
)
_LESS_BEFORE = re.compile(r"\b(?:without|minus|lose|losing|lost|less|fewer|loses)\s+(?:the\s+)?$")
_GAINS = re.compile(r"\b(?:hire|hiring|add|adding|gets?|gains?|gave|give|had|joins?|join)\b")
_OF_WHO = {"tester": "qa", "sre": "sre", "designer": "design"}
_OF_KIND = {"back-end": "backend", "front-end": "frontend", "test": "qa"}
_SHARE = re.compile(
    r"\b(?P<share>\d{1,3})\s*(?:%|per ?cent)\s*(?:of\s+)?(?:the\s+|our\s+)?capacity"
    r"|\bcapacity\s+(?:at|of|by)\s+(?P<late>\d{1,3})\s*(?:%|per ?cent)"
)
_ENDS = (
    r"(?=$|[,;.!?]|\s+(?:but|with|assuming|for (?:q\d|h\d|the|next|this|20)|in (?:q\d|20)"
    r"|next (?:quarter|year))\b)"
)
_WITHOUT = re.compile(
    r"\b(?:without|leav\w+ out|exclud\w+|except(?: for)?|other than|not including|minus|drop(?:ping)?)\s+"
    rf"(?P<what>.+?){_ENDS}"
)
_INCLUDE = re.compile(
    r"\b(?:put|with|including|includ\w+|and)\s+(?P<what>[^,;.!?]+?)\s+"
    r"(?:first|in any case|no matter what|in it)\b"
    r"|\b(?:with|including|includ\w+)\s+"
    r"(?P<named>[^,;.!?]*?\b(?:epic|feature|story|card-\d+|epic-\d+)\b(?:[ -]\d+)?)"
    r"|\b(?P<first>[^,;.!?]+?)\s+(?:must be in|has to be in|comes first)\b"
)
_AND = re.compile(r"\s*(?:,|\band\b|\bor\b|\bnor\b)\s*")
_AROUND = re.compile(
    r"^(?:the|our|any|all|a|an|of)\s+|\s+(?:items?|work|stuff|things?|epics?|features?|stories)$"
)
_MOST_NAMES = 10
_LONGEST = 600
"""Characters that are looked at; no request for a roadmap is longer."""


@dataclass(frozen=True, slots=True)
class Asks:
    """What was asked. `span` is None where no time was said. `teamless` are words that suppose more or fewer
    people without a team that is known."""

    shows: bool
    makes: bool
    adopts: bool
    span: Span | None
    wishes: Wishes
    teamless: str = ""


def read_asks(text: str, now: datetime, department: Department) -> Asks:
    """Take a request apart."""
    text = text[:_LONGEST]
    said = in_digits(" ".join(text.replace("’", "'").casefold().split()))
    more, teamless, rest = _more(said, department)
    share = _SHARE.search(rest)
    part = int(share["share"] or share["late"]) / 100 if share else 1.0
    rest = _SHARE.sub(" ", rest)
    without = _names(_WITHOUT.finditer(rest))
    include = _names(_INCLUDE.finditer(_WITHOUT.sub(" ", rest)))
    around = _INCLUDE.sub(" ", _WITHOUT.sub(" ", rest))
    wishes = Wishes(
        _one(around, [Thing(p.id, p.name, tuple(p.aliases)) for p in department.products]),
        _one(around, _teams(department)),
        without,
        include,
        more,
        part if 0 < part <= 3 else 1.0,
    )
    return Asks(
        _SHOWS.search(said) is not None and _MAKES.search(said) is None,
        _MAKES.search(said) is not None,
        _ADOPTS.search(said) is not None,
        read_span(text, now, department),
        wishes,
        teamless,
    )


def read_span(text: str, now: datetime, department: Department) -> Span | None:
    """The time that is said, as whole days; None if none is."""
    zone = department.calendar_of(None).time_zone
    period = read_period(text, now, zone, Leaning.FUTURE)
    if period is None:
        return None
    first, last = (at.astimezone(ZoneInfo(zone)).date() for at in (period.start, period.end))
    return Span(period.name, first, last)


def next_quarter(today: date) -> Span:
    """The quarter that is planned where none is said."""
    starts, ends, name = near_days(1, "quarter", today)
    return Span(name, starts, ends)


def _more(said: str, department: Department) -> tuple[tuple[MoreHands, ...], str, str]:
    """More or fewer people by team, words that name no team, and the rest of what was said."""
    found: list[MoreHands] = []
    teamless, rest = "", said
    for match in _MORE.finditer(said):
        before = said[: match.start()]
        fewer = "fewer" in match[0] or "less" in match[0] or _LESS_BEFORE.search(before) is not None
        if not (
            match["way"] or match["later"] or match["count"] == "another" or fewer or _GAINS.search(before)
        ):
            continue
        clause = said[match.end() :].split(",")[0]
        teams = find_all(clause, _teams(department)) or find_all(before, _teams(department))
        if not teams:
            teamless = match[0]
            continue
        count = int(match["count"]) if match["count"].isdigit() else 1
        who = match["who"].rstrip("s")
        kind = match["kind"] or _OF_WHO.get(who, "")
        discipline = _OF_KIND.get(kind, kind)
        known = discipline if discipline in {one.value for one in Discipline} else ""
        found.append(MoreHands(teams[0].id, -count if fewer else count, known))
        rest = rest.replace(match[0], " ").replace(teams[0].name.casefold(), " ")
        rest = re.sub(
            rf"\b(?:without|with)?\s*(?:in|for|on|at|to|of)?\s*(?:team\s+)?{re.escape(teams[0].id)}\b",
            " ",
            rest,
        )
    return tuple(found), teamless, " ".join(rest.split())


def _teams(department: Department) -> list[Thing]:
    return [Thing(team.id, team.name, (team.id,)) for team in department.teams]


def _one(text: str, things: Sequence[Thing]) -> str:
    named = find_all(text, things)
    return named[0].id if len(named) == 1 else ""


def _names(matches: Iterable[re.Match[str]]) -> tuple[str, ...]:
    """What is named, each by itself, without the words around a name."""
    found: dict[str, None] = {}
    for match in matches:
        words = next(filter(None, match.groupdict().values()), "")
        for name in _AND.split(words):
            plain = _AROUND.sub("", _AROUND.sub("", name.strip(" \"'“”"))).strip()
            if plain:
                found[plain] = None
    return tuple(found)[:_MOST_NAMES]
