"""What follows from a change of a story, in a tracker of any kind."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from integrations.tracker import StoryChange, StoryStatus
from integrations.tracker.rules import Progress, epic_status, moved, status_after

BACKLOG, SCHEDULED, BEGUN = StoryStatus.BACKLOG, StoryStatus.SCHEDULED, StoryStatus.IN_PROGRESS
BLOCKED, DONE, CANCELLED = StoryStatus.BLOCKED, StoryStatus.DONE, StoryStatus.CANCELLED
NINE, TEN, ELEVEN = (datetime(2026, 11, 23, hour, tzinfo=UTC) for hour in (9, 10, 11))


@pytest.mark.parametrize(
    ("stories", "stands"),
    [
        ((), BACKLOG),
        ((BACKLOG,), BACKLOG),
        ((CANCELLED,), BACKLOG),
        ((SCHEDULED, BACKLOG), SCHEDULED),
        ((BEGUN, SCHEDULED), BEGUN),
        ((BLOCKED,), BEGUN),
        ((DONE, BACKLOG), BEGUN),
        ((DONE, CANCELLED), DONE),
        ((DONE, DONE), DONE),
    ],
)
def test_an_epic_stands_where_its_stories_stand(stories: tuple[StoryStatus, ...], stands: StoryStatus) -> None:
    assert epic_status(stories, cancelled=False) is stands
    assert epic_status(stories, cancelled=True) is CANCELLED


@pytest.mark.parametrize(
    ("status", "change", "then"),
    [
        (BACKLOG, StoryChange(sprint="s1"), SCHEDULED),
        (SCHEDULED, StoryChange(sprint=""), BACKLOG),
        (BEGUN, StoryChange(sprint="s1"), BEGUN),
        (BEGUN, StoryChange(sprint=""), BEGUN),
        (SCHEDULED, StoryChange(assignee=""), SCHEDULED),
        (BACKLOG, StoryChange(sprint="s1", status=BEGUN), BEGUN),
    ],
)
def test_a_sprint_schedules_what_waits_and_nothing_else(
    status: StoryStatus, change: StoryChange, then: StoryStatus
) -> None:
    assert status_after(status, change) is then


def test_a_story_starts_once_and_is_finished_while_it_is_done() -> None:
    waits = Progress(BACKLOG, None, None, None)
    begun = moved(waits, BEGUN, NINE, "why")
    assert begun == Progress(BEGUN, None, NINE, None)
    assert moved(begun, BLOCKED, TEN, "the bank is silent") == Progress(
        BLOCKED, "the bank is silent", NINE, None
    )
    done = moved(begun, DONE, TEN, None)
    assert done == Progress(DONE, None, NINE, TEN)
    assert moved(done, BEGUN, ELEVEN, None) == Progress(BEGUN, None, NINE, None)
    assert moved(waits, DONE, TEN, None) == Progress(DONE, None, None, TEN)
