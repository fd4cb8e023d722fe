"""What a roadmap is worked out from, read from the department's systems, however large its backlog is.

Open stories are read the most urgent first, up to MOST_STORIES of them. Features that show up in these are read
whole; what is not read is counted, and said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from agents.planning.request import COMMITTED, PlanningInput
from agents.planning.working_days import working_days
from agents.ranking import Demand
from governance.department import Department
from governance.visibility import EVERYTHING
from integrations.customers import AccountQuery
from integrations.documents import Document
from integrations.pages import every, everything
from integrations.ports import Ports
from integrations.tracker import (
    Epic,
    EpicQuery,
    Priority,
    SprintQuery,
    Story,
    StoryQuery,
    StoryStatus,
    Tracker,
)

MOST_STORIES = 4_000
MOST_WHOLE = 300
"""Features that are read whole where not all open stories are."""
LATEST_DONE = 1_500
"""Done stories that say how far estimates were off: as many as plans estimate anew."""
_AT_ONCE = 4
_OPEN = frozenset(StoryStatus) - {StoryStatus.DONE, StoryStatus.CANCELLED}


@dataclass(frozen=True, slots=True)
class Read:
    """The open work as the tracker has it. `partly` are features (ids) of which not every open story was read,
    `unread` counts open stories that were not read, `elsewhere` are open stories that others wait for and that
    were not among those."""

    stories: tuple[Story, ...]
    epics: tuple[Epic, ...]
    partly: frozenset[str]
    unread: int
    elsewhere: frozenset[str]
    demand: Demand
    given: PlanningInput


async def read_work(ports: Ports, department: Department, now: datetime) -> Read:
    """Everything that a roadmap depends on, as it stands now. Raises TrackerError."""
    tracker = ports.tracker
    stories, unread = await _open_stories(tracker)
    if unread:
        stories = await _whole_features(tracker, stories)
    known = {story.id: story for story in stories}
    counts = await tracker.count_by_status(EVERYTHING, StoryQuery(status=_OPEN))
    left = {work.epic: work.stories for work in await tracker.open_work(EVERYTHING)}
    mine: dict[str, int] = {}
    for story in known.values():
        if story.epic is not None:
            mine[story.epic] = mine.get(story.epic, 0) + 1
    epics = await everything(partial(tracker.epics, EVERYTHING), EpicQuery(ids=frozenset(mine)))
    given = await _given(tracker, department, now)
    return Read(
        tuple(known.values()),
        tuple(epics),
        frozenset(epic for epic, count in mine.items() if left.get(epic, count) > count),
        max(0, sum(counts[status] for status in _OPEN) - len(known)),
        await _elsewhere(tracker, known),
        await _demand(ports),
        given,
    )


async def _open_stories(tracker: Tracker) -> tuple[list[Story], bool]:
    """The most urgent open stories, and whether there are more."""
    found: list[Story] = []
    for priority in Priority:
        query = StoryQuery(status=_OPEN, priority=priority)
        async for story in every(partial(tracker.stories, EVERYTHING), query):
            if len(found) == MOST_STORIES:
                return found, True
            found.append(story)
    return found, False


async def _whole_features(tracker: Tracker, stories: Sequence[Story]) -> list[Story]:
    """These, and the other open stories of the features that come up in them first."""
    limit = asyncio.Semaphore(_AT_ONCE)
    epics = list(dict.fromkeys(story.epic for story in stories if story.epic is not None))[:MOST_WHOLE]

    async def of(epic: str) -> tuple[Story, ...]:
        async with limit:
            page = await tracker.stories(EVERYTHING, StoryQuery(epic=epic, status=_OPEN, limit=200))
            return page.items

    more = [story for found in await asyncio.gather(*map(of, epics)) for story in found]
    return [*stories, *more]


async def _given(tracker: Tracker, department: Department, now: datetime) -> PlanningInput:
    """What capacity and estimates are worked out from, as plans have it."""
    today = now.astimezone(ZoneInfo(department.calendar_of(None).time_zone)).date()
    sprints = await everything(tracker.sprints, SprintQuery(since=today))
    ids = {sprint.id for sprint in sprints}
    query = StoryQuery(status=COMMITTED - {StoryStatus.BLOCKED})
    committed = {
        story.id: story
        async for story in every(partial(tracker.stories, EVERYTHING), query)
        if story.sprint in ids
    }
    done = await _latest_done(tracker)
    return PlanningInput(
        document=Document("roadmap", "", "0" * 16, "roadmap"),
        stories=(*done, *committed.values()),
        epics=(),
        sprints=sprints,
        teams=department.teams,
        products=department.products,
        services=(),
        today=today,
        as_of=now,
        days=working_days(department),
    )


async def _latest_done(tracker: Tracker) -> tuple[Story, ...]:
    query = StoryQuery(status=frozenset({StoryStatus.DONE}), newest_first=True, limit=500)
    found: list[Story] = []
    async for story in every(partial(tracker.stories, EVERYTHING), query):
        found.append(story)
        if len(found) == LATEST_DONE:
            break
    return tuple(found)


async def _elsewhere(tracker: Tracker, known: Mapping[str, Story]) -> frozenset[str]:
    """Open stories that others wait for and that were not read."""
    wanted = {key for story in known.values() for key in story.depends_on} - set(known)
    if not wanted:
        return frozenset()
    query = StoryQuery(ids=frozenset(sorted(wanted)[:1_000]), status=_OPEN)
    return frozenset(story.id for story in (await tracker.stories(EVERYTHING, query)).items)


async def _demand(ports: Ports) -> Demand:
    accounts = await everything(partial(ports.customers.accounts, EVERYTHING), AccountQuery())
    return Demand(
        {account.id: account for account in accounts},
        await ports.customers.requests(EVERYTHING),
        await ports.customers.commitments(EVERYTHING),
    )
