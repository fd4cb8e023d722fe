"""The kinds of steps of a plan: its epic, its stories, their sprints, who holds them, and moving them later.

Each is an action whose arguments were laid down when the plan was approved; only the ids that the tracker gave
earlier steps come from their results. Pure: what is proposed is checked by making these actions beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from agents.planning.draft import DraftStory, PlanDraft
from agents.work.kinds import ActionStep, NewStep, Nothing, Step
from governance.action import Action
from integrations.tracker import EpicDraft, Priority, StoryDraft
from integrations.tracker.actions import (
    Assignment,
    AssignStories,
    CreateEpic,
    RescheduleStories,
    ScheduleStory,
    new_story,
)

EPIC = "epic"
STORY = "story"
SCHEDULE = "schedule"
ASSIGN = "assign"
MOVE = "move"
"""Keys of steps: of a story's the story's key follows, of a move the effect that was approved for it."""

_EPIC_DRAFT: TypeAdapter[EpicDraft] = TypeAdapter(EpicDraft)
_STORY_DRAFT: TypeAdapter[StoryDraft] = TypeAdapter(StoryDraft)


def first_steps(
    plan: str, draft: PlanDraft, stories: tuple[DraftStory, ...], leads: Mapping[str, str]
) -> tuple[NewStep, ...]:
    """The steps of an approved plan, one after another: `stories` in an order in which each comes after those
    that it depends on, `leads` each team's proposed holder."""
    count = 2 + 2 * len(stories)
    steps = [_epic_step(draft)]
    for story in stories:
        steps.append(_story_step(draft, story, before=steps[-1].key))
        steps.append(_schedule_step(draft, story, before=steps[-1].key))
    steps.append(_assign_step(draft, stories, leads, before=steps[-1].key))
    return tuple(_explained(plan, draft, step, number, count) for number, step in enumerate(steps, 1))


def _explained(plan: str, draft: PlanDraft, step: NewStep, number: int, count: int) -> NewStep:
    why = {
        "rationale": f"A step of the approved plan “{draft.title}” from {draft.document}.",
        "impact": f"Step {number} of {count}; nothing that exists is changed.",
        "rollback_plan": "Cancel the plan: it cancels its epic and every story that is not done.",
        "artifacts": [f"document:{draft.document}:sha256:{draft.document_digest}"],
        "plan": plan,
    }
    return NewStep(step.key, step.kind, step.title, {**step.args, "why": why}, step.depends_on)


def _epic_step(draft: PlanDraft) -> NewStep:
    epic = EpicDraft(draft.title, draft.product, draft.document, Priority.P2)
    args = {"draft": _EPIC_DRAFT.dump_python(epic, mode="json")}
    return NewStep(EPIC, PLAN_EPIC.name, f"Epic “{draft.title}”", args)


def _story_step(draft: PlanDraft, story: DraftStory, *, before: str) -> NewStep:
    made = StoryDraft(
        title=story.title,
        description=story.description,
        acceptance=story.acceptance,
        team=story.team,
        product=draft.product,
        priority=story.priority,
        discipline=story.discipline,
        estimate_hours=story.hours or None,
    )
    known = {one.key for one in draft.stories}
    after = [f"{STORY}:{key}" for key in story.depends_on if key in known]
    args = {"draft": _STORY_DRAFT.dump_python(made, mode="json"), "after": after}
    return NewStep(f"{STORY}:{story.key}", PLAN_STORY.name, story.title, args, _once(EPIC, before, *after))


def _schedule_step(draft: PlanDraft, story: DraftStory, *, before: str) -> NewStep:
    sprint = next((placed.sprint for placed in draft.schedule if placed.story == story.key), None)
    key, made = f"{SCHEDULE}:{story.key}", f"{STORY}:{story.key}"
    args = {"sprint": sprint, "story": made}
    return NewStep(key, PLAN_SCHEDULE.name, f"Schedule “{story.title}”", args, _once(EPIC, before, made))


def _assign_step(
    draft: PlanDraft, stories: tuple[DraftStory, ...], leads: Mapping[str, str], *, before: str
) -> NewStep:
    holders = {f"{STORY}:{story.key}": leads[story.team] for story in stories if story.team in leads}
    args = {"holders": holders, "of": draft.title}
    depends_on = _once(EPIC, before, *(f"{STORY}:{story.key}" for story in stories))
    return NewStep(ASSIGN, PLAN_ASSIGN.name, "Propose who holds each story", args, depends_on)


def move_step(plan: str, title: str, effect: str, stories: list[dict[str, Any]]) -> NewStep:
    """Gives stories other sprints: what was approved with `effect`, exactly, as the stories stood then, so that
    one begun since stops it all."""
    count = len(stories)
    does = f"Move {count} open stories to other sprints" if count != 1 else "Move 1 open story"
    why = {
        "rationale": f"“{title}” was worked out anew, and that was approved.",
        "impact": f"{does}; what is done or under way stays.",
        "rollback_plan": "Give the stories the sprints and estimates back that they had.",
        "plan": plan,
    }
    return NewStep(f"{MOVE}:{effect}", PLAN_MOVE.name, does, {"stories": stories, "why": why})


def _once(*keys: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(keys))


def reference(results: Mapping[str, Mapping[str, Any]], key: str) -> str | None:
    """What the tracker calls what a step made; None where it made nothing."""
    found = results.get(key, {}).get("reference")
    return None if found is None else str(found)


def _make_epic(step: Step) -> Action:
    return CreateEpic(draft=_EPIC_DRAFT.validate_python(step.args["draft"]), **step.args["why"])


def _make_story(step: Step) -> Action:
    after = (reference(step.results, key) for key in step.args["after"])
    given = {
        **step.args["draft"],
        "epic": reference(step.results, EPIC),
        "depends_on": [one for one in after if one is not None],
    }
    return new_story(_STORY_DRAFT.validate_python(given), **step.args["why"])


def _schedule(step: Step) -> Action | Nothing:
    story = reference(step.results, step.args["story"])
    if story is None or step.args["sprint"] is None:
        return Nothing("It found no place in the sprints that are planned, or was not made.")
    return ScheduleStory(story=story, sprint=step.args["sprint"], was="", **step.args["why"])


def _assign(step: Step) -> Action | Nothing:
    made = {key: reference(step.results, key) for key in step.args["holders"]}
    stories = tuple(
        Assignment(story=story, assignee=step.args["holders"][key])
        for key, story in made.items()
        if story is not None
    )
    if not stories:
        return Nothing("No team that works on this has somebody to hold its stories.")
    impact = f"{len(stories)} stories get a person who answers for them."
    return AssignStories(stories=stories, **{**step.args["why"], "impact": impact})


def _move(step: Step) -> Action:
    return RescheduleStories.model_validate({"stories": step.args["stories"], **step.args["why"]})


def _who_holds(step: Step) -> str:
    return f"Who holds the stories of {step.args['of']}"


_ACTOR = "project_manager"
PLAN_EPIC = ActionStep("plan_epic", _ACTOR, _make_epic)
PLAN_STORY = ActionStep("plan_story", _ACTOR, _make_story, stops=False)
PLAN_SCHEDULE = ActionStep("plan_schedule", _ACTOR, _schedule, stops=False)
PLAN_ASSIGN = ActionStep("plan_assign", _ACTOR, _assign, stops=False, asks=_who_holds)
PLAN_MOVE = ActionStep("plan_move", _ACTOR, _move, stops=False)
KINDS = (PLAN_EPIC, PLAN_STORY, PLAN_SCHEDULE, PLAN_ASSIGN, PLAN_MOVE)


def make(step: Step, kind: str) -> Action | Nothing:
    """What a step of this kind would do. Raises pydantic.ValidationError for what the tracker does not take."""
    return next(one for one in KINDS if one.name == kind).action(step)
