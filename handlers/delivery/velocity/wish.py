"""What a question about velocity asks for: which teams, in what, how far back and ahead, as a card or a file.

In a thread, words that ask for nothing anew ("and gamma?", "in hours", "as csv") change what was asked before,
and leave the rest as it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

from agents.delivery.sprints import Unit
from governance.blackouts import zone_of
from governance.department import Department
from handlers.delivery.whereabouts.kinds import product_things, team_things
from handlers.language.local_time import Leaning
from handlers.language.local_time import today as local_day
from handlers.language.matching import find_all
from handlers.language.periods import read_period
from handlers.language.words import in_digits, tokens

USUAL_BACK, USUAL_AHEAD = 12, 3
MOST_BACK, MOST_AHEAD = 40, 8

_ANEW = re.compile(
    r"velo\w*|throughput|\bpace\b|\bfast\w*|slow\w*|speed\w*|trend|forecast|predict\w*|project\w*|deliver\w*|\bdid\b"
    r"|\bwill\b|\bcan\b|output|productiv\w*|finish\w*|complet\w*|improv\w*|burn rate|compar\w*|estimate"
)
_HOURS = re.compile(r"\bhours?\b|\bpoints?\b|\beffort\b")
_POINTS = re.compile(r"\bpoints?\b")
_STORIES = re.compile(r"\bstor(?:y|ies)\b|\bthroughput\b|\btickets?\b|\bissues?\b")
_CSV = re.compile(r"\bcsv\b|\bspreadsheet\b|\bexcel\b")
_ALL = re.compile(r"\b(?:all|every|each|whole|per|by) (?:the )?(?:teams?|department|of us)\b|\ball of them\b")
_BACK = re.compile(r"\b(?:last|past|previous) (?P<count>\d+) (?:sprints?|iterations?)\b")
_AHEAD = re.compile(r"\b(?:next|coming) (?P<count>\d+) (?:sprints?|iterations?)\b")
_FUTURE = re.compile(
    r"\bnext\b|\bcoming\b|\bwill\b|\bforecast|\bpredict|\bprojection\b|\bexpect|\bcan\b|\bestimate\b|\bby\b|\buntil\b"
)
_NAMED = re.compile(
    r"\b(?:how (?:fast|slow|productive) (?:is|are|was|were|will|does)|velocity (?:of|for)|pace of|throughput of"
    r"|(?:and )?(?:what|how) about|and)\s+(?:the )?(?:team )?(?P<name>[a-z][\w-]{2,})"
)
_NOBODY = frozenset(
    tokens(
        "the team teams our ours we you they all each every last next past this that these those it its then"
        " now sprint sprints department engineering everyone everybody delivery delivering work stories story"
        " hours points going getting previous quarter month week year predictions prediction forecast forecasts"
        " trend trends speed csv predict show give compare per"
    )
)


@dataclass(frozen=True, slots=True)
class Wish:
    """`teams` by id, all where empty; `name` is what a product's teams are asked for by. Of the past the last
    `back` sprints, or those of a period (`since`, `until`, called `period`). `points` were asked for, which the
    tracker does not keep."""

    teams: tuple[str, ...] = ()
    name: str = ""
    unit: Unit = Unit.STORIES
    points: bool = False
    back: int = USUAL_BACK
    since: date | None = None
    until: date | None = None
    period: str = ""
    ahead: int = USUAL_AHEAD
    ahead_to: date | None = None
    csv: bool = False


class UnknownTeam(Exception):
    """A name that is no team's and no product's."""


def read_wish(text: str, kept: str | None, department: Department, now: datetime) -> Wish:
    """What these words ask for; `kept` is what was asked for in the thread before. Raises UnknownTeam."""
    said = in_digits(text.lower())
    wish = Wish() if kept is None or _ANEW.search(said) else replace(from_json(kept), csv=False)
    wish = _teams(said, wish, department)
    if _HOURS.search(said):
        wish = replace(wish, unit=Unit.HOURS, points=_POINTS.search(said) is not None)
    elif _STORIES.search(said):
        wish = replace(wish, unit=Unit.STORIES, points=False)
    wish = _times(said, wish, now, zone_of(department))
    return replace(wish, csv=_CSV.search(said) is not None)


def _teams(said: str, wish: Wish, department: Department) -> Wish:
    if teams := find_all(said, team_things(department)):
        return replace(wish, teams=tuple(dict.fromkeys(one.id for one in teams)), name="")
    if products := find_all(said, product_things(department)):
        product = next(one for one in department.products if one.id == products[0].id)
        return replace(wish, teams=product.teams, name=product.name)
    if _ALL.search(said):
        return replace(wish, teams=(), name="")
    named = _NAMED.search(said)
    if named is not None and named["name"] not in _NOBODY:
        raise UnknownTeam(named["name"])
    return wish


def _times(said: str, wish: Wish, now: datetime, zone: str) -> Wish:
    if back := _BACK.search(said):
        wish = replace(wish, back=min(max(int(back["count"]), 1), MOST_BACK), since=None, until=None, period="")
    if ahead := _AHEAD.search(said):
        wish = replace(wish, ahead=min(max(int(ahead["count"]), 1), MOST_AHEAD), ahead_to=None)
    if back or ahead or re.search(r"\b(?:next|last|past|this|previous|per|coming) sprint\b", said):
        return wish
    future = _FUTURE.search(said) is not None
    period = read_period(said, now, zone, Leaning.FUTURE if future else Leaning.PAST)
    if period is None:
        return wish
    if period.end > now and (future or period.start > now):
        return replace(wish, ahead=MOST_AHEAD, ahead_to=local_day(period.end, zone))
    since, until = (local_day(one, zone) for one in (period.start, min(period.end, now)))
    return replace(wish, back=MOST_BACK, since=since, until=until, period=period.name)


def to_json(wish: Wish) -> str:
    """For the thread's memory."""
    return json.dumps(asdict(wish), default=str)


def from_json(kept: str) -> Wish:
    """As it was kept."""
    fields = json.loads(kept)
    days: Sequence[str] = ("since", "until", "ahead_to")
    read = {name: date.fromisoformat(fields[name]) for name in days if fields[name] is not None}
    return Wish(**{**fields, **read, "teams": tuple(fields["teams"]), "unit": Unit(fields["unit"])})
