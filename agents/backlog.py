"""One story for the backlog, worked out by rule: whose it is, how long it takes, what shows that it is done."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from agents.planning.accuracy import LATEST
from agents.planning.assignment import discipline_of
from agents.planning.draft import Estimate, NotEnoughHistory
from agents.planning.estimates import estimate
from agents.planning.history import DoneWork, Neighbour
from agents.planning.spelled import mentions
from agents.planning.stories import Sketch
from governance.department import Department
from integrations.services import Service
from integrations.tracker import Priority, Story

ALIKE = 0.55
"""Similarity (0 to 1) from which an open story may be the very same."""

LATEST_DONE, LATEST_OPEN = LATEST, 300
_SURE_SHARE = 0.45
_SURE_SIMILARITY = 0.12
_NEIGHBOURS = 15
_SERVICE_VOTE = 0.6

_PERFORMANCE = re.compile(
    r"\bperform\w*|\boptimi[sz]\w*|\bslow\w*|\bfast\w*|\bspeed\w*|\blatenc\w*|\bN\+1\b|\bcach\w+|\bthroughput\b"
    r"|\bmemory leaks?\b|\btimeouts?\b|\bload times?\b",
    re.IGNORECASE,
)
_SECURITY = re.compile(
    r"\bsecur\w*|\bvulnerab\w*|\bCVE-\d|\bpasswords?\b|\bcredentials?\b|\bencrypt\w*|\bpermissions?\b|\btokens?\b"
    r"|\bpersonal data\b|\bPII\b|\bcertificates?\b",
    re.IGNORECASE,
)
_DEFECT = re.compile(
    r"\bbugs?\b|\bbroken\b|\bfix\w*|\bdefects?\b|\bcrash\w*|\bwrong\b|\bfail(?:s|ing|ed|ure)?\b|\bflaky\b"
    r"|\bmisaligned\b|\bduplicates?\b|\bleaks?\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asked for; `team`, `product` and `acceptance` as far as they said so."""

    title: str
    description: str
    acceptance: tuple[str, ...] = ()
    team: str | None = None
    product: str | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """What is known of such a story: the latest LATEST_DONE stories that are done and LATEST_OPEN that are
    open, in creation order, which tell how telling each word is and how far estimates are off; of each those
    that share words with it, however old; and the services that do.
    """

    done: tuple[Story, ...]
    done_alike: tuple[Story, ...]
    open: tuple[Story, ...]
    open_alike: tuple[Story, ...]
    services: tuple[Service, ...]


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """What follows. `team` is None where nobody can tell; `likely` are the teams to choose from, best first.

    `includes` says in a few words which criteria the kind of work brought in; `alike` are open stories that
    may be the same, most similar first.
    """

    team: str | None
    likely: tuple[str, ...]
    product: str
    discipline: str
    hours: Estimate | NotEnoughHistory
    acceptance: tuple[str, ...]
    includes: tuple[str, ...]
    labels: tuple[str, ...]
    alike: tuple[Neighbour, ...]


def work_out(wanted: Wanted, records: Records, department: Department) -> WorkedOut:
    """From the department's records. CPU-bound (a tenth of a second): call it from a thread."""
    about = f"{wanted.title}. {wanted.description}"
    done = DoneWork(_measured(records.done), _measured(records.done_alike))
    rest = DoneWork(records.open, records.open_alike)
    near = (*done.nearest(about, _NEIGHBOURS), *rest.nearest(about, _NEIGHBOURS))
    votes = _votes(near, about, department, records.services)
    likely = tuple(sorted(votes, key=lambda team: -votes[team]))
    only = department.teams[0].id if len(department.teams) == 1 else None
    team = wanted.team or only or _sure(likely, votes, near)
    discipline = _discipline(wanted, about, done, department, team)
    acceptance, includes = _criteria(wanted, about)
    return WorkedOut(
        team=team,
        likely=likely or tuple(known.id for known in department.teams),
        product=wanted.product or _product(team, near, department),
        discipline=discipline,
        hours=estimate(about, discipline, done),
        acceptance=acceptance,
        includes=includes,
        labels=("bug",) if _DEFECT.search(about) else (),
        alike=tuple(n for n in rest.nearest(about, 3) if n.similarity >= ALIKE),
    )


def _measured(stories: Sequence[Story]) -> tuple[Story, ...]:
    return tuple(story for story in stories if story.actual_hours)


def _votes(
    near: Sequence[Neighbour], about: str, department: Department, services: Sequence[Service]
) -> dict[str, float]:
    votes: defaultdict[str, float] = defaultdict(float)
    total = sum(n.similarity for n in near) or 1.0
    for n in near:
        votes[n.story.team] += n.similarity / total
    for service in services:
        if mentions(about, (service.name, service.id)):
            votes[service.team] += _SERVICE_VOTE
    known = {team.id for team in department.teams}
    return {team: vote for team, vote in votes.items() if team in known}


def _sure(likely: Sequence[str], votes: dict[str, float], near: Sequence[Neighbour]) -> str | None:
    if not likely:
        return None
    closest = max((n.similarity for n in near), default=0.0)
    best = votes[likely[0]]
    share = best / (sum(votes.values()) or 1.0)
    sure = best >= _SERVICE_VOTE or closest >= _SURE_SIMILARITY
    return likely[0] if sure and share >= _SURE_SHARE else None


def _product(team: str | None, near: Sequence[Neighbour], department: Department) -> str:
    votes: defaultdict[str, float] = defaultdict(float)
    for n in near:
        votes[n.story.product] += n.similarity
    built = [p.id for p in department.products if team is None or team in p.teams]
    known = built or [p.id for p in department.products]
    return max(known, key=lambda product: (votes[product], -known.index(product)))


def _discipline(wanted: Wanted, about: str, done: DoneWork, department: Department, team: str | None) -> str:
    teams = [known for known in department.teams if known.id == team] or department.teams
    able = frozenset(d.value for known in teams for d, hours in known.capacity.items() if hours > 0)
    sketch = Sketch(wanted.title, "", wanted.title, "", (), (), 0, about, Priority.P2)
    return discipline_of(sketch, done, able)


def _criteria(wanted: Wanted, about: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    criteria, includes = list(wanted.acceptance), []
    if _PERFORMANCE.search(about):
        criteria.append(
            "A performance test in the pipeline states the figures before and after, under the usual load."
        )
        includes.append("performance test requirements")
    if _DEFECT.search(about):
        criteria.append("A test that fails before the change and passes after it reproduces the defect.")
        includes.append("a test that reproduces the defect")
    if _SECURITY.search(about):
        criteria.append("A security review of the change is on record.")
        includes.append("a security review")
    if not criteria:
        criteria.append(f"A test that fails before the change and passes after it shows: {wanted.title}.")
    return tuple(criteria), tuple(includes)
