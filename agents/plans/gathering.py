"""What a plan is worked out from, read from the department's systems: what planning uses, however long the
department's history is.

Estimates, and how far they are off, come from the LATEST_DONE stories that are done; where there are more, also
from the older ones that are most like what the document asks for. Free hours come from what has a sprint that
is not over. Of all other stories those are read that belong to epics on which the plan waits, to the plan
itself, or that an agent may look up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from agents.planning.draft import PlanDraft
from agents.planning.estimates import NEIGHBOURS
from agents.planning.outside import outside
from agents.planning.reading.outline import outline
from agents.planning.request import COMMITTED, PlanningInput
from agents.planning.requirements import LONGEST
from agents.planning.waiting import epics_behind
from governance.visibility import EVERYTHING
from integrations.pages import every, everything
from integrations.tracker import SprintQuery, Story, StoryQuery, StoryStatus, Tracker

LATEST_DONE, LATEST_OPEN = 3_000, 300
_ASKED = 40
"""Passages of a document, the longest, for which older stories are looked for."""
_AT_ONCE = 4
_DONE = StoryQuery(status=frozenset({StoryStatus.DONE}))
_OPEN = StoryQuery(status=frozenset(StoryStatus) - {StoryStatus.DONE, StoryStatus.CANCELLED})


async def with_work(given: PlanningInput, tracker: Tracker) -> PlanningInput:
    """`given` with the sprints and stories that a plan for its document needs.

    Raises TrackerError.
    """
    sprints = await everything(tracker.sprints, SprintQuery(since=given.today))
    given = replace(given, sprints=sprints)
    texts, epics = await asyncio.to_thread(_of_document, given)
    return await _with_stories(given, tracker, epics, StoryQuery(ids=frozenset()), texts)


async def with_work_of(
    given: PlanningInput, tracker: Tracker, draft: PlanDraft, made: Mapping[str, str]
) -> PlanningInput:
    """The same for a plan under way: with its own stories (`made`, by key), and the sprints since it began.

    Raises TrackerError.
    """
    since = min((given.today, *(place.starts for place in draft.schedule)))
    own = StoryQuery(ids=frozenset(made.values()))
    has = {story.sprint for story in await _stories(tracker, own) if story.sprint}
    found = (
        *await everything(tracker.sprints, SprintQuery(ids=frozenset(has))),
        *await everything(tracker.sprints, SprintQuery(since=since)),
    )
    sprints = {sprint.id: sprint for sprint in found}.values()
    ordered = tuple(sorted(sprints, key=lambda one: (one.starts, one.team, one.id)))
    given = replace(given, sprints=ordered)
    epics = await asyncio.to_thread(epics_behind, draft.dependencies, given)
    asked = {requirement.id: requirement.text for requirement in draft.requirements}
    texts = [
        f"{story.title}. {' '.join(asked.get(name, '') for name in story.requirements)}"
        for story in draft.stories
    ]
    return await _with_stories(given, tracker, (epic.id for epic in epics), own, _longest(texts))


def _of_document(given: PlanningInput) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The passages of the document that say most, and the epics that it speaks of."""
    if len(given.document.text) > LONGEST:
        return (), ()  # it is not planned from
    taken = outline(given.document.text)
    named = outside(taken, (), frozenset(), given)
    epics = tuple(epic.id for epic in epics_behind(named, given))
    return _longest(passage.text for passage in taken.passages if passage.kind != "code"), epics


def _longest(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(dict.fromkeys(texts), key=len, reverse=True)[:_ASKED])


async def _with_stories(
    given: PlanningInput, tracker: Tracker, epics: Iterable[str], own: StoryQuery, texts: Sequence[str]
) -> PlanningInput:
    done, more = await _latest(tracker, _DONE, LATEST_DONE)
    still_open, _ = await _latest(tracker, _OPEN, LATEST_OPEN)
    stories = [*done, *still_open, *await _committed(given, tracker), *await _stories(tracker, own)]
    for epic in epics:
        stories += await _stories(tracker, StoryQuery(epic=epic))
    known = {story.id: story for story in stories}
    older = await _alike(tracker, texts) if more else ()
    besides = {story.id: story for story in older if story.id not in known and story.actual_hours}
    return replace(given, stories=tuple(known.values()), older=tuple(besides.values()))


async def _latest(tracker: Tracker, query: StoryQuery, most: int) -> tuple[tuple[Story, ...], bool]:
    """The latest `most` stories that answer the query, and whether there are more."""
    found: list[Story] = []
    wanted = replace(query, newest_first=True, limit=min(query.limit, most))
    async for story in every(partial(tracker.stories, EVERYTHING), wanted):
        if len(found) == most:
            return tuple(found), True
        found.append(story)
    return tuple(found), False


async def _committed(given: PlanningInput, tracker: Tracker) -> list[Story]:
    """Stories in sprints that are not over: as many as their teams have taken on, of however many."""
    sprints = {sprint.id for sprint in given.sprints}
    query = StoryQuery(status=COMMITTED)
    return [
        story async for story in every(partial(tracker.stories, EVERYTHING), query) if story.sprint in sprints
    ]


async def _stories(tracker: Tracker, query: StoryQuery) -> tuple[Story, ...]:
    return await everything(partial(tracker.stories, EVERYTHING), query)


async def _alike(tracker: Tracker, texts: Sequence[str]) -> list[Story]:
    limit = asyncio.Semaphore(_AT_ONCE)
    query = replace(_DONE, limit=NEIGHBOURS)

    async def find(text: str) -> Sequence[Story]:
        async with limit:
            return await tracker.find_stories(EVERYTHING, text, query)

    return [story for found in await asyncio.gather(*map(find, texts)) for story in found]
