"""What each step of a plan does, as an action. Pure: what is proposed is checked by making these beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.planning.draft import DraftStory, PlanDraft
from agents.plans import steps
from governance.action import Action
from integrations.tracker import EpicDraft, Priority, StoryDraft
from integrations.tracker.actions import Assignment, AssignStories, CreateEpic, ScheduleStory, new_story


@dataclass(frozen=True, slots=True)
class Owner:
    """The plan that a step belongs to; `epic` is None until it is made, `steps` how many there are."""

    plan: str
    title: str
    document: str
    epic: str | None
    steps: int


def action_of(
    owner: Owner,
    draft: PlanDraft,
    key: str,
    position: int,
    made: Mapping[str, str],
    assignees: Mapping[str, str],
) -> Action | None:
    """The action of the step `key`; None where there is nothing to do.

    `made` are the stories in the tracker by their keys, `assignees` each team's proposed holder. Raises
    pydantic.ValidationError for what the tracker does not take.
    """
    why: dict[str, Any] = {
        "rationale": f"A step of the approved plan “{owner.title}” from {owner.document}.",
        "impact": f"Step {position + 1} of {owner.steps}; nothing that exists is changed.",
        "rollback_plan": "Cancel the plan: it cancels its epic and every story that is not done.",
        "artifacts": (f"document:{draft.document}:sha256:{draft.document_digest}",),
        "plan": owner.plan,
    }
    kind, _, story = key.partition(":")
    if kind == steps.EPIC:
        return CreateEpic(draft=EpicDraft(draft.title, draft.product, draft.document, Priority.P2), **why)
    if kind == steps.ASSIGN:
        return _assignment(draft, made, assignees, why)
    if kind == steps.SCHEDULE:
        return _scheduling(draft, story, made, why)
    return new_story(_story_draft(owner, draft, draft.story(story), made), **why)


def _story_draft(owner: Owner, draft: PlanDraft, story: DraftStory, made: Mapping[str, str]) -> StoryDraft:
    return StoryDraft(
        title=story.title,
        description=story.description,
        acceptance=story.acceptance,
        team=story.team,
        product=draft.product,
        priority=story.priority,
        discipline=story.discipline,
        estimate_hours=story.hours or None,
        epic=owner.epic,
        depends_on=tuple(made[key] for key in story.depends_on if key in made),
    )


def _scheduling(draft: PlanDraft, key: str, made: Mapping[str, str], why: Mapping[str, Any]) -> Action | None:
    sprint = next((placed.sprint for placed in draft.schedule if placed.story == key), None)
    if sprint is None or key not in made:
        return None
    return ScheduleStory(story=made[key], sprint=sprint, was="", **why)


def _assignment(
    draft: PlanDraft, made: Mapping[str, str], assignees: Mapping[str, str], why: Mapping[str, object]
) -> Action | None:
    holders = tuple(
        Assignment(story=made[story.key], assignee=assignees[story.team])
        for story in draft.stories
        if story.key in made and story.team in assignees
    )
    if not holders:
        return None
    return AssignStories.model_validate(
        {**why, "stories": holders, "impact": f"{len(holders)} stories get a person who answers for them."}
    )
