"""What planning is given: of a short history all that it uses, of a long one no more than it needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from agents.planning.capacity import free_hours
from agents.planning.draft import to_json
from agents.planning.plan import plan
from agents.planning.replan import replan
from agents.planning.request import PlanningInput
from agents.plans import gathering
from integrations.tracker import Story, StoryStatus, Tracker
from integrations.tracker.vendors.local.history import History, take_over
from integrations.tracker.vendors.local.tracker import LocalTracker
from storage.database import Database
from tests.agents.acme_input import ACME, history, planning_input
from tests.agents.test_replanning import draft, made, tracked

DOCUMENTS = sorted(path.stem for path in (ACME / "documents").glob("*.md"))
FEW = 60


@pytest.fixture
async def tracker(database: Database, tenant: str) -> Tracker:
    """The sample department's, and a plan that is in it."""
    stories, epics, sprints = history()
    under_way = replace(epics[0], id="EPIC-900", title="Under way", document=draft().document)
    known = History((*epics, under_way), sprints, (*stories, *_own()), (), ())
    async with database.transaction(tenant) as tx:
        await take_over(tx, "sample", known)
    return LocalTracker(database, tenant)


def _own() -> tuple[Story, ...]:
    return tracked({"S1": StoryStatus.DONE, "S2": StoryStatus.IN_PROGRESS})


def _whole(name: str) -> PlanningInput:
    given = planning_input(name)
    return replace(given, stories=(*given.stories, *_own()))


def _unread(given: PlanningInput) -> PlanningInput:
    return replace(given, stories=(), sprints=())


def _ids(stories: Iterable[Story]) -> set[str]:
    return {story.id for story in stories}


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_plan_is_the_same_as_from_the_whole_tracker(tracker: Tracker, name: str) -> None:
    given = await gathering.with_work(_unread(planning_input(name)), tracker)
    assert given.older == ()
    assert to_json(plan(given)) == to_json(plan(_whole(name)))


async def test_a_plan_under_way_is_worked_out_as_from_the_whole_tracker(tracker: Tracker) -> None:
    given = _unread(planning_input())
    assert replan(draft(), made(), await gathering.with_work_of(given, tracker, draft(), made())) == replan(
        draft(), made(), _whole(draft().document)
    )


async def test_of_a_long_history_the_latest_and_the_most_alike_are_read(
    tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "LATEST_DONE", FEW)
    monkeypatch.setattr(gathering, "LATEST_OPEN", 5)
    whole = _whole("PRD-2026-Q3-Search")
    given = await gathering.with_work(_unread(whole), tracker)

    newest = sorted(whole.done(), key=lambda story: int(story.id.rpartition("-")[2]))[-FEW:]
    assert _ids(newest) <= _ids(given.stories)
    assert len(given.stories) < len(whole.stories) / 2
    assert given.older
    assert not _ids(given.older) & _ids(given.stories)
    assert free_hours(given) == free_hours(whole)
    drawn, all_known = plan(given), plan(whole)
    assert drawn.dependencies == all_known.dependencies != ()
    assert any(
        similar.story in _ids(given.older) for story in drawn.stories for similar in story.estimate.evidence
    )


async def test_a_plan_under_way_finds_its_own_stories_in_a_long_history(
    tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "LATEST_DONE", FEW)
    monkeypatch.setattr(gathering, "LATEST_OPEN", 5)
    found = replan(
        draft(), made(), await gathering.with_work_of(_unread(planning_input()), tracker, draft(), made())
    )
    whole = replan(draft(), made(), _whole(draft().document))
    assert (found.done, found.under_way, found.open) == (whole.done, whole.under_way, whole.open)
