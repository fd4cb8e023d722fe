"""A simulated department at work on one feature, and delays planted in it: eight kinds, each with its noise.

Both the planting and the finder are ours, so that what is found here says that the rules do what they say, and
little about departments that nobody planted anything in.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from agents.delivery_causes.evidence import (
    ApiBreak,
    AwayNow,
    BranchFailing,
    Decision,
    Evidence,
    OpenIncident,
    PullSeen,
)
from governance.department import Discipline, Team
from integrations.code_host.pull_requests import PullRequest, PullRequestState
from integrations.services import Service
from integrations.tracker import Priority, Sprint, Story, StoryStatus

NOW = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
TODAY = NOW.date()
TEAMS = ("alpha", "beta", "gamma", "delta")
SERVICES = ("payment-service", "checkout-api", "auth-service", "storefront-web")
FEATURE, OTHER = "EPIC-1", "EPIC-2"


def story(id: str, team: str, **given: object) -> Story:
    """A begun story of the feature, with what is given of it."""
    usual: dict[str, object] = {
        "id": id,
        "title": f"Step {id}",
        "description": "",
        "acceptance": (),
        "team": team,
        "product": "shop",
        "status": StoryStatus.IN_PROGRESS,
        "priority": Priority.P1,
        "epic": FEATURE,
        "discipline": "backend",
        "estimate_hours": 16.0,
        "actual_hours": None,
        "customers": (),
        "labels": (),
        "depends_on": (),
        "blocked_reason": None,
        "assignee": f"{team}/backend_engineer",
        "sprint": f"{team}-2",
        "created": NOW - timedelta(days=30),
        "started": NOW - timedelta(days=8),
        "finished": None,
    }
    return Story(**(usual | given))  # type: ignore[arg-type]


def pull(number: int, stories: tuple[str, ...], *, updated: datetime = NOW, **given: object) -> PullSeen:
    """An open pull request for these stories, opened this morning unless it is said otherwise."""
    one = PullRequest(
        repository="checkout-api",
        number=number,
        title=f"For {stories[0]}",
        body="",
        author="kim",
        state=PullRequestState.OPEN,
        is_draft=bool(given.pop("is_draft", False)),
        head=f"feature-{number}",
        head_sha=f"{number:040x}",
        has_head=True,
        base="main",
        base_sha="0" * 40,
        has_conflicts=bool(given.pop("has_conflicts", False)),
        labels=(),
        created=given.pop("created", updated),  # type: ignore[arg-type]
        updated=updated,
    )
    return replace(PullSeen(one, stories, "checkout-api"), **given)  # type: ignore[arg-type]


def quiet(chance: random.Random) -> Evidence:
    """A department in which nothing is late: work goes on, other services have their troubles."""
    stories = [
        story(f"S-{number}", TEAMS[number % 4], estimate_hours=float(chance.choice((6, 10, 16, 24))))
        for number in range(1, 13)
    ]
    later = story(
        "S-20", "delta", status=StoryStatus.SCHEDULED, started=None, depends_on=("S-3",), sprint="delta-3"
    )
    stories += [later]
    stories += [story(f"O-{number}", TEAMS[number % 4], epic=OTHER) for number in range(1, 9)]
    own = frozenset(one.id for one in stories if one.epic == FEATURE)
    elsewhere = OpenIncident("INC-1", "ledger", "production", "Slow", "low", NOW - timedelta(days=1))
    return Evidence(
        now=NOW,
        today=TODAY,
        own=own,
        stories=tuple(stories),
        sprints=tuple(_sprints()),
        teams=tuple(_team(id) for id in TEAMS),
        services=tuple(_service(id, team) for id, team in zip(SERVICES, TEAMS, strict=True)),
        pulls=(pull(1, ("S-1",)), pull(2, ("S-2",), approved=True)),
        incidents=(elsewhere,),
        absences=(AwayNow("robin", "Robin Noor", TODAY, TODAY + timedelta(days=3)),),
    )


def _sprints() -> list[Sprint]:
    first = date(2026, 11, 2)
    return [
        Sprint(
            f"{team}-{n}",
            team,
            f"Sprint {n}",
            first + timedelta(weeks=2 * n - 2),
            first + timedelta(weeks=2 * n),
            160,
        )
        for team in TEAMS
        for n in range(1, 9)
    ]


def _team(id: str) -> Team:
    return Team(
        id=id,
        name=f"Team {id.capitalize()}",
        lead=f"{id}.lead",
        mission="Ships",
        capacity={Discipline.BACKEND: 60.0},
        agents=(),
    )


def _service(id: str, team: str) -> Service:
    depends = ("auth-service", "payment-service") if id == "checkout-api" else ()
    return Service(id, id, "", team, 1, "service", "production", None, depends, ())


@dataclass(frozen=True)
class Planted:
    """A department with one delay in it, and the key of the finding that is its root cause."""

    kind: str
    seen: Evidence
    key: str


def _change(seen: Evidence, id: str, **given: object) -> Evidence:
    stories = tuple(replace(one, **given) if one.id == id else one for one in seen.stories)  # type: ignore[arg-type]
    return replace(seen, stories=stories)


def _block(seen: Evidence, id: str, reason: str, since: datetime) -> Evidence:
    blocked = _change(seen, id, status=StoryStatus.BLOCKED, blocked_reason=reason)
    return replace(blocked, blocked_since={**seen.blocked_since, id: since})


def _dependency(seen: Evidence, since: datetime) -> tuple[Evidence, str]:
    """Beta's story is blocked, for Alpha's has not begun; another one waits behind it."""
    seen = _change(seen, "S-4", status=StoryStatus.BACKLOG, started=None, sprint=None)
    seen = _change(seen, "S-5", depends_on=("S-4",))
    seen = _change(seen, "S-6", depends_on=("S-5",))
    return _block(seen, "S-5", "Waits for S-4", since), "waits:S-4"


def _breaking(seen: Evidence, since: datetime) -> tuple[Evidence, str]:
    """A breaking version: two teams' stories are blocked by it, and the caller's checks fail since."""
    seen = _block(seen, "S-5", "auth-service 2.0.0 refuses our tokens", since + timedelta(hours=3))
    seen = _block(seen, "S-1", "Sign-in fails since auth-service 2.0.0", since + timedelta(hours=6))
    failing = BranchFailing(
        "checkout-api", "main", "checkout-api", ("contract",), since + timedelta(hours=1), "a" * 40
    )
    broken = ApiBreak("auth-service", "staging", "2.0.0", "1.9.0", since, ("major",), ("checkout-api",))
    return replace(seen, branches=(failing,), breaks=(broken,)), "break:auth-service:staging"


def _checks(seen: Evidence, since: datetime) -> tuple[Evidence, str]:
    """The default branch is red: a pull request's checks fail because of it."""
    failing = BranchFailing("checkout-api", "main", "checkout-api", ("tests",), since, "b" * 40)
    one = pull(3, ("S-9",), failing=("tests",), failing_since=since + timedelta(hours=2))
    return replace(seen, branches=(failing,), pulls=(*seen.pulls, one)), "branch:checkout-api:main"


def _conflicts(seen: Evidence, since: datetime) -> tuple[Evidence, str]:
    one = pull(4, ("S-2",), updated=since, has_conflicts=True)
    return replace(seen, pulls=(*seen.pulls, one)), "pull:checkout-api#4"


def _review(seen: Evidence, since: datetime) -> tuple[Evidence, str]:
    """Nobody has reviewed it; people comment, so that it is not stale."""
    one = pull(5, ("S-7",), updated=NOW, created=since)
    return replace(seen, pulls=(*seen.pulls, one)), "pull:checkout-api#5"


def _approval(seen: Evidence, since: datetime) -> tuple[Evidence, str]:
    one = Decision("ap_1", "Schedule S-8", since, ("sam", "robin"), frozenset({"robin"}), frozenset({"S-8"}))
    seen = _block(seen, "S-8", "Waits for a decision", since + timedelta(hours=1))
    return replace(seen, decisions=(one,)), "approval:ap_1"


def _absence(seen: Evidence, since: datetime) -> tuple[Evidence, str]:
    """Kim is away, so that her story stands still and her pull request is stale."""
    seen = _change(seen, "S-10", assignee="kim")
    away = AwayNow("kim", "Kim Vale", since.date(), TODAY + timedelta(days=6))
    stale = pull(6, ("S-10",), updated=since, created=since, approved=True)
    return replace(seen, absences=(*seen.absences, away), pulls=(*seen.pulls, stale)), "away:kim"


def _incident(seen: Evidence, since: datetime) -> tuple[Evidence, str]:
    seen = _change(seen, "S-3", description="Moves payment-service to the new ledger")
    seen = _block(seen, "S-3", "Everybody is at payment-service's incident", since + timedelta(hours=1))
    one = OpenIncident("INC-7", "payment-service", "production", "Errors", "critical", since)
    return replace(seen, incidents=(*seen.incidents, one)), "incident:INC-7"


PLANTS: Mapping[str, Callable[[Evidence, datetime], tuple[Evidence, str]]] = {
    "dependency": _dependency,
    "breaking": _breaking,
    "checks": _checks,
    "conflicts": _conflicts,
    "review": _review,
    "approval": _approval,
    "absence": _absence,
    "incident": _incident,
}


def planted(kind: str, number: int) -> Planted:
    """A department with a delay of this kind, which began three to nine days ago; and minor noise."""
    chance = random.Random(f"{kind} {number}")
    since = NOW - timedelta(days=chance.randint(6, 9), hours=chance.randint(0, 5))
    seen, key = PLANTS[kind](quiet(chance), since)
    if chance.random() < 0.5:  # something small of another team, which began only now
        seen = _block(seen, "S-11", "Waits for an answer of the vendor", NOW - timedelta(hours=4))
    return Planted(kind, seen, key)
