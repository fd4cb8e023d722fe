"""How the tracker's things are named: features (its epics), stories and sprints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select

from agents.plans.tables import PlanRow
from governance.visibility import Scope
from handlers.conversation.desk import Desk
from handlers.delivery.plans.kinds import UNDER_WAY
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

_ALIVE = frozenset(StoryStatus) - {StoryStatus.CANCELLED}
_OPEN = _ALIVE - {StoryStatus.DONE}
_MOST = 50


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
KINDS = (EPIC, STORY, SPRINT)
