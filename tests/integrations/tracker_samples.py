"""One of each action on the tracker, and how the registry performs them."""

from __future__ import annotations

from typing import Any

from agents.operations.incident_links import is_linkable
from governance.action import Action
from governance.registry import Registry
from integrations.tracker import EpicDraft, Priority, StoryStatus
from integrations.tracker.actions import (
    Assignment,
    AssignStories,
    CancelEpic,
    Cancellation,
    CancelStories,
    CreateEpic,
    CreateStory,
    CreateUrgentStory,
    Placing,
    PriorityStep,
    RescheduleStories,
    ScheduleStory,
    SetPriorities,
    SetPriority,
    SetStatus,
    StatusStep,
    TrackerAction,
)
from integrations.tracker.performing import in_no_plan, specs
from integrations.tracker.starting import StartStep, StartStories
from integrations.tracker.vendors.local.tracker import LocalTracker
from tests.integrations.tracker_drafts import draft, grant

WHY: dict[str, Any] = {"rationale": "asked for", "impact": "one story", "rollback_plan": "cancel it"}
REGISTRY = Registry(specs(in_no_plan, is_linkable))


def epic_draft(title: str = "Exports") -> EpicDraft:
    return EpicDraft(title, "checkout", "PRD-1", Priority.P1)


async def perform(action: Action, tracker: LocalTracker, name: str | None = None) -> Any:
    effect = REGISTRY.spec(action.type).effect
    assert effect is not None
    return await effect(action, grant(name), tracker)


async def undone(action: Action, tracker: LocalTracker) -> Action | None:
    outcome = await perform(action, tracker)
    undo = REGISTRY.spec(action.type).undo
    return undo(action, outcome) if undo else None


EACH: tuple[TrackerAction, ...] = (
    CreateEpic(draft=epic_draft(), plan="plan-7", **WHY),
    CancelEpic(epic="EPIC-1", reason="the market moved", **WHY),
    CreateStory(draft=draft(), **WHY),
    CreateUrgentStory(draft=draft(priority=Priority.P0), incident="inc-1", **WHY),
    SetPriority(story="CARD-1", priority=Priority.P0, was=Priority.P2, **WHY),
    ScheduleStory(story="CARD-1", sprint="s-1", was="", **WHY),
    SetStatus(
        stories=(StatusStep("CARD-1", StoryStatus.BLOCKED, StoryStatus.BACKLOG, "waits\nfor docs"),), **WHY
    ),
    AssignStories(stories=(Assignment("CARD-1", "mei"),), **WHY),
    CancelStories(stories=(Cancellation("CARD-1", StoryStatus.BACKLOG),), reason="double", **WHY),
    SetPriorities(stories=(PriorityStep("CARD-1", Priority.P1, Priority.P2),), **WHY),
    RescheduleStories(stories=(Placing("CARD-1", "s-1", "", StoryStatus.BACKLOG, 9.25, 6.5),), **WHY),
    StartStories(name="Exports", stories=(StartStep("CARD-1", Priority.P1, Priority.P2),), **WHY),
)
