"""How people name what the department, its customers and its tracker have: teams, accounts, features."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select

from agents.plans.tables import PlanRow
from governance.department import AgentRole, Department
from governance.directory import people
from governance.visibility import Scope
from handlers.conversation.desk import Desk
from handlers.delivery.plans.resolve import UNDER_WAY
from handlers.language.kinds import Kind, Thing
from integrations.pages import every
from integrations.tracker import (
    Epic,
    EpicQuery,
    NoSuchItem,
    Sprint,
    SprintQuery,
    Story,
    StoryQuery,
    StoryStatus,
)
from integrations.written_ids import WrittenIds

_MOST = 50
_PRDS = WrittenIds(re.compile(r"\bPRD[-_][\w-]*\w", re.IGNORECASE), "as written")

_ALIVE = frozenset(StoryStatus) - {StoryStatus.CANCELLED}
_OPEN = _ALIVE - {StoryStatus.DONE}


def team_things(department: Department) -> tuple[Thing, ...]:
    """A department's teams as people name them."""
    return tuple(Thing(team.id, team.name) for team in department.teams)


def product_things(department: Department) -> tuple[Thing, ...]:
    """A department's products as people name them."""
    return tuple(Thing(one.id, one.name, one.aliases) for one in department.products)


async def _people(desk: Desk, _scope: Scope, _text: str) -> Sequence[Thing]:
    """Whoever is active, by name or first name; two of one first name are both meant by it."""
    active = (one for one in await people(desk.tx) if one.active)
    return [Thing(one.id, one.name, tuple(one.name.split()[:1])) for one in active]


async def _former(desk: Desk, _scope: Scope, _text: str) -> Sequence[Thing]:
    left = (one for one in await people(desk.tx) if not one.active)
    return [Thing(one.id, one.name, tuple(one.name.split()[:1])) for one in left]


async def _teams(desk: Desk, _scope: Scope, _text: str) -> Sequence[Thing]:
    return team_things(desk.department)


async def _products(desk: Desk, _scope: Scope, _text: str) -> Sequence[Thing]:
    return product_things(desk.department)


async def _agents(_desk: Desk, _scope: Scope, _text: str) -> Sequence[Thing]:
    return [Thing(role.value, role.value.replace("_", " ")) for role in AgentRole]


async def _services(desk: Desk, _scope: Scope, text: str) -> Sequence[Thing]:
    return [Thing(one.id, one.name) for one in await desk.ports.services.find(text, _MOST)]


async def _documents(desk: Desk, scope: Scope, text: str) -> Sequence[Thing]:
    found = await desk.ports.documents.find(text, _MOST) if scope.everything else ()
    return [Thing(name, name) for name in found]


PERSON = Kind("person", _people, missing="I know nobody called “{}”.")
FORMER_PERSON = Kind("former_person", _former, missing="I know nobody called “{}”.")
TEAM = Kind(
    "team",
    _teams,
    missing="There is no team “{}”.",
    before=("team", "squad"),
    behind=("team", "squad"),
)
PRODUCT = Kind("product", _products, missing="There is no product “{}”.", behind=("product",))
AGENT = Kind("agent", _agents, missing="There is no “{}” agent.", behind=("agent",))
SERVICE = Kind(
    "service",
    _services,
    missing="There is no service called “{}”.",
    behind=("service", "microservice"),
)
DOCUMENT = Kind(
    "document",
    _documents,
    missing="There is no document called {}.",
    missing_here="There is no document called {} that you may see.",
    ids=lambda _: _PRDS,
)


async def _accounts(desk: Desk, scope: Scope, text: str) -> Sequence[Thing]:
    found = await desk.ports.customers.find(scope, text, _MOST)
    return [Thing(one.id, one.name, one.aliases) for one in found]


async def _requests(desk: Desk, scope: Scope, _text: str) -> Sequence[Thing]:
    return [Thing(one.id, one.what) for one in await desk.ports.customers.requests(scope)]


async def _request(desk: Desk, scope: Scope, id: str) -> Thing | None:
    return next((one for one in await _requests(desk, scope, id) if one.id == id), None)


ACCOUNT = Kind(
    "account",
    _accounts,
    missing="“{}” is no customer of ours.",
    missing_here="“{}” is no customer of yours.",
    before=("customer", "client", "account"),
    expected_after=("for", "from"),
)
REQUEST = Kind(
    "request",
    _requests,
    missing="There is no request “{}”.",
    missing_here="There is no request “{}” that you may see.",
    ids=lambda desk: desk.ports.customers.request_ids,
    by_id=_request,
    crowded=True,
)


async def _epics(desk: Desk, scope: Scope, text: str) -> Sequence[Thing]:
    """Epics, by their title and their document; of two of one title the newer counts. Not the one of a plan
    under way, for the plan stands for it.
    """
    planned: set[str] = set()
    if scope.everything:
        query = select(PlanRow.epic).where(PlanRow.state.in_(UNDER_WAY), PlanRow.epic.is_not(None))
        planned = {epic for epic in (await desk.tx.execute(query)).scalars() if epic}
    by_title: dict[str, Epic] = {}
    for epic in await desk.ports.tracker.find_epics(scope, text, EpicQuery(status=_ALIVE, limit=_MOST)):
        if epic.id not in planned:
            by_title.setdefault(epic.title, epic)
    return [_of_epic(epic) for epic in by_title.values()]


async def _epic(desk: Desk, scope: Scope, id: str) -> Thing | None:
    try:
        return _of_epic(await desk.ports.tracker.epic(scope, id))
    except NoSuchItem:
        return None


async def _stories(desk: Desk, scope: Scope, text: str) -> Sequence[Thing]:
    """Open stories; one that is done is asked for by its id."""
    wanted = StoryQuery(status=_OPEN, limit=_MOST)
    return [_of_story(story) for story in await desk.ports.tracker.find_stories(scope, text, wanted)]


async def _story(desk: Desk, scope: Scope, id: str) -> Thing | None:
    try:
        return _of_story(await desk.ports.tracker.story(scope, id))
    except NoSuchItem:
        return None


async def _sprints(desk: Desk, _scope: Scope, _text: str) -> Sequence[Thing]:
    here = desk.now.astimezone(ZoneInfo(desk.department.calendar_of(None).time_zone)).date()
    teams = {team.id: team.name for team in desk.department.teams}
    return [
        Thing(one.id, one.name, tuple(_other_names(one, teams.get(one.team, one.team), here)))
        async for one in every(desk.ports.tracker.sprints, SprintQuery())
    ]


def _other_names(sprint: Sprint, team: str, today: date) -> Iterator[str]:
    """`sprint 24`, and what it is called as seen from today; each alone and as its team's."""
    number = re.search(r"\bsprint \d+\b", sprint.name, re.IGNORECASE)
    distance = _distance(sprint, today)
    near = {0: ("this sprint", "current sprint"), 1: ("next sprint", "coming sprint"), -1: ("last sprint",)}
    for name in (*([number[0]] if number else ()), *near.get(distance, ())):
        yield from (name, f"{team} {name}", f"{name} of {team}", f"{name} of {sprint.team}")


def _distance(sprint: Sprint, today: date) -> int:
    """0 for the sprint that runs, 1 for the next one, -1 for the last one."""
    length = max((sprint.ends - sprint.starts).days, 1)
    if sprint.starts > today:
        return ((sprint.starts - today).days - 1) // length + 1
    return 0 if today < sprint.ends else -((today - sprint.ends).days // length + 1)


def _of_epic(epic: Epic) -> Thing:
    return Thing(epic.id, epic.title, (epic.document,) if epic.document else ())


def _of_story(story: Story) -> Thing:
    return Thing(story.id, story.title)


EPIC = Kind(
    "epic",
    _epics,
    missing="There is no feature “{}”.",
    missing_here="There is no feature “{}” that you may see.",
    behind=("feature", "epic", "project", "integration"),
    ids=lambda desk: desk.ports.tracker.epic_ids,
    by_id=_epic,
)
STORY = Kind(
    "story",
    _stories,
    missing="There is no open story “{}”.",
    missing_here="There is no story “{}” that you may see.",
    ids=lambda desk: desk.ports.tracker.story_ids,
    by_id=_story,
    crowded=True,
)
SPRINT = Kind("sprint", _sprints, missing="There is no sprint “{}”.")

KINDS = (
    ACCOUNT,
    REQUEST,
    PERSON,
    FORMER_PERSON,
    TEAM,
    PRODUCT,
    AGENT,
    SERVICE,
    DOCUMENT,
    EPIC,
    STORY,
    SPRINT,
)
