"""What of the tracker says when a feature can be there: its own open stories, what its teams do before it,
and how many they finish in a week."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from agents.customers.delivery_date import Delivery, Pace, before_it, delivery
from agents.planning.draft import NotEnoughHistory
from agents.planning.outlook import WEEKS, finished_weekly
from agents.planning.working_days import working_days
from governance.department import Department
from governance.visibility import EVERYTHING
from integrations.pages import everything
from integrations.tracker import Priority, Story, StoryQuery, StoryStatus, Tracker

TAKEN_ON = frozenset({StoryStatus.IN_PROGRESS, StoryStatus.BLOCKED, StoryStatus.SCHEDULED})
OPEN = TAKEN_ON | {StoryStatus.BACKLOG}
_MOST = 1_000
"""Stories of one team and kind that are read: nobody's line is longer, and no backlog is read whole."""


@dataclass(frozen=True, slots=True)
class OwnWork:
    """The stories of some items (features and stories): what is open, and how many are done."""

    left: tuple[Story, ...]
    done: int

    @property
    def teams(self) -> frozenset[str]:
        """Who works on what is left."""
        return frozenset(story.team for story in self.left)


async def own_work(tracker: Tracker, items: Collection[str]) -> OwnWork:
    """What is left of these items, each story once."""
    features = sorted(item for item in items if tracker.epic_ids.first(item))
    found = [
        story
        for epic in features
        for story in await everything(partial(tracker.stories, EVERYTHING), StoryQuery(epic=epic))
    ]
    named = frozenset(items) - frozenset(features)
    if named:
        found += (await tracker.stories(EVERYTHING, StoryQuery(ids=named))).items
    once = {story.id: story for story in found}.values()
    left = tuple(story for story in once if story.status in OPEN)
    return OwnWork(left, sum(story.status is StoryStatus.DONE for story in once))


async def expected_of(
    tracker: Tracker,
    department: Department,
    own: Mapping[str, int],
    left: Sequence[Story],
    priority: Priority,
    today: date,
    needed_by: date | None = None,
) -> Delivery | NotEnoughHistory:
    """When work of so many stories of each team (`left` of them in the tracker) can be there."""
    teams = sorted(own)
    read = [story for team in teams for story in await _line_of(tracker, team, priority)]
    since = datetime.combine(today - timedelta(weeks=WEEKS + 1), time(), UTC)
    done = [
        story
        for team in teams
        for story in await everything(
            partial(tracker.stories, EVERYTHING),
            StoryQuery(team=team, status=frozenset({StoryStatus.DONE}), finished_since=since),
        )
    ]
    pace = Pace(finished_weekly(done, today), today, working_days(department))
    ahead = before_it(read, frozenset(story.id for story in left), frozenset(teams), priority)
    return await asyncio.to_thread(delivery, own, ahead, pace, needed_by)


async def _line_of(tracker: Tracker, team: str, priority: Priority) -> list[Story]:
    taken_on = StoryQuery(team=team, status=TAKEN_ON, limit=_MOST)
    line = list((await tracker.stories(EVERYTHING, taken_on)).items)
    backlog = StoryQuery(team=team, status=frozenset({StoryStatus.BACKLOG}), limit=_MOST)
    for level in Priority:
        if level <= priority:
            line += (await tracker.stories(EVERYTHING, replace(backlog, priority=level))).items
    return line
