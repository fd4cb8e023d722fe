"""The tracker's actions as data: what they carry, what they refuse to carry."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from integrations.tracker import Priority, StoryDraft
from integrations.tracker.actions import (
    Assignment,
    AssignStories,
    CancelEpic,
    CreateEpic,
    CreateStory,
    CreateUrgentStory,
    SetPriority,
    TrackerAction,
    new_story,
)
from tests.integrations.tracker_drafts import draft
from tests.integrations.tracker_samples import EACH, REGISTRY, WHY, epic_draft


@pytest.mark.parametrize("action", EACH, ids=lambda action: action.type)
def test_what_is_stored_is_what_comes_back(action: TrackerAction) -> None:
    assert REGISTRY.decode(action.body()) == action
    assert REGISTRY.decode(action.body()).digest() == action.digest()


def test_every_action_is_registered_and_tried_here() -> None:
    assert {spec.action for spec in REGISTRY} == {type(action) for action in EACH}


def test_rows_are_those_of_the_matrix() -> None:
    assert {spec.action.type: spec.action.decision_type for spec in REGISTRY} == {
        "tracker.create_epic": "story_creation",
        "tracker.create_story": "story_creation",
        "tracker.create_urgent_story": "story_priority",
        "tracker.set_priority": "priority_change",
        "tracker.reschedule_stories": "scheduling",
        "tracker.set_priorities": "priority_change",
        "tracker.start_stories": "priority_change",
        "tracker.schedule_story": "scheduling",
        "tracker.assign_stories": "team_assignments",
        "tracker.set_status": "story_changes",
        "tracker.cancel_stories": "story_changes",
        "tracker.cancel_epic": "story_changes",
    }


@pytest.mark.parametrize("priority", list(Priority))
def test_an_urgent_story_cannot_pass_for_an_ordinary_one(priority: Priority) -> None:
    story = draft(priority=priority)
    urgent = priority in (Priority.P0, Priority.P1)
    assert type(new_story(story, **WHY)) is (CreateUrgentStory if urgent else CreateStory)
    with pytest.raises(ValidationError):
        (CreateStory if urgent else CreateUrgentStory)(draft=story, **WHY)


REFUSED_IN_A_LINE = ("", "   ", "\u202eesrever", "two\nlines", "nul\x00", "\ud83d", "\x1b[31m", "x" * 501)


@pytest.mark.parametrize("text", REFUSED_IN_A_LINE, ids=range(len(REFUSED_IN_A_LINE)))
def test_a_line_that_reads_as_something_else_is_not_carried(text: str) -> None:
    for make in (
        lambda: CreateStory(draft=draft(text), **WHY),
        lambda: CreateStory(draft=draft(labels=(text,)), **WHY),
        lambda: CreateStory(draft=draft(epic=text), **WHY),
        lambda: CreateEpic(draft=epic_draft(text), **WHY),
        lambda: CancelEpic(epic=text, reason="r", **WHY),
        lambda: CancelEpic(epic="EPIC-1", reason=text, **WHY),
        lambda: AssignStories(stories=(Assignment(text, "mei"),), **WHY),
    ):
        with pytest.raises(ValidationError):
            make()


@pytest.mark.parametrize("text", ["nul\x00", "\u202eesrever", "x" * 50_001], ids=range(3))
def test_a_text_with_hidden_characters_is_not_carried(text: str) -> None:
    for field in ({"description": text}, {"acceptance": (text,)}):
        with pytest.raises(ValidationError):
            CreateStory(draft=draft(**field), **WHY)


@pytest.mark.parametrize("hours", [float("nan"), float("inf"), -1.0])
def test_an_estimate_is_a_number_of_hours(hours: float) -> None:
    with pytest.raises(ValidationError, match="agent-hours"):
        CreateStory(draft=draft(estimate_hours=hours), **WHY)


def test_many_stories_are_some_and_each_named_once() -> None:
    for stories in ((), (Assignment("CARD-1", "a"), Assignment("CARD-1", "b"))):
        with pytest.raises(ValidationError):
            AssignStories(stories=stories, **WHY)


def test_what_is_decided_is_told_apart_beyond_what_a_line_shows() -> None:
    def assign(*people: str) -> AssignStories:
        items = tuple(Assignment(f"CARD-{n}", person) for n, person in enumerate(people))
        return AssignStories(stories=items, **WHY)

    six, other = assign(*"abcdef"), assign(*"abcdeg")
    assert six.decides() != other.decides()
    assert "and 1 more" in six.summary()
    lower = SetPriority(story="CARD-1", priority=Priority.P0, was=Priority.P3, **WHY)
    assert lower.decides() == EACH[4].decides()


def test_freezing_planning_or_one_plan_reaches_every_action() -> None:
    for action in EACH:
        subject = REGISTRY.spec(action.type).subject(action)
        assert (subject.process, subject.plan) == ("planning", action.plan)
        assert subject.decides


def test_a_draft_cannot_bring_fields_of_its_own() -> None:
    body = CreateStory(draft=draft(), **WHY).body()
    assert isinstance(REGISTRY.decode(body), CreateStory)
    with pytest.raises(ValidationError):
        REGISTRY.decode({**body, "assignee": "mei"})
    assert "sprint" not in StoryDraft.__dataclass_fields__
