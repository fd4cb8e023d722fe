"""How the gate performs, asks about and takes back what `actions.py` says: the tracker's action specs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.authority.vocabulary import Given
from governance.people import Actor, Role
from governance.registry import ActionSpec, EffectFailed, OutcomeUncertain, free
from governance.tables import PersonRoleRow, PersonRow
from integrations import CannotTell
from integrations.tracker import StoryChange, StoryEdit, StoryStatus, Tracker, TrackerError, TrackerUnsure
from integrations.tracker.actions import (
    Assignment,
    AssignStories,
    CancelEpic,
    Cancellation,
    CancelStories,
    CreateEpic,
    CreateStory,
    CreateUrgentStory,
    NewStory,
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
from integrations.tracker.starting import StartStep, StartStories

WithinPlan = Callable[[TrackerAction, AsyncSession], Awaitable[bool]]
"""Whether an action is part of a plan that was approved, and within its limits. Plans live in a room
above; who knows them hands this in. Raises LookupError when it cannot tell."""


async def in_no_plan(_action: TrackerAction, _tx: AsyncSession) -> bool:
    """There are no plans, so nothing is part of one."""
    return False


IsLinkable = Callable[[str, AsyncSession], Awaitable[bool]]
"""Whether an incident of this id goes on, or ended so lately that a story may follow from it."""


async def no_incident(_incident: str, _tx: AsyncSession) -> bool:
    """There are no incidents, so nothing follows from one."""
    return False


FollowsWork = Callable[[SetStatus, AsyncSession], Awaitable[bool]]
"""Whether stories get the status that agents' work on them has."""


async def no_work(_action: SetStatus, _tx: AsyncSession) -> bool:
    """Agents work on nothing."""
    return False


def specs(
    within_plan: WithinPlan = in_no_plan,
    is_linkable: IsLinkable = no_incident,
    follows_work: FollowsWork = no_work,
) -> tuple[ActionSpec, ...]:
    """Every effect on the tracker, for the gate's registry. Their port is called `tracker`."""

    def spec(action: type[TrackerAction], effect: Any, undo: Any = None, *facts: str) -> ActionSpec:
        return ActionSpec(
            action,
            _subject,
            effect=effect,
            port="tracker",
            ask=_ask,
            establish=partial(_establish, within_plan, is_linkable, follows_work),
            establishes=("within_plan", *facts),
            undo=undo,
            costs=free,
        )

    return (
        spec(CreateEpic, _create_epic, _cancel_created_epic),
        spec(CancelEpic, _cancel_epic, None, "follows_work"),
        spec(CreateStory, _create_story, _cancel_created_story),
        spec(CreateUrgentStory, _create_story, _cancel_created_story, "new_priority", "linked_by_sre"),
        spec(SetPriority, _set_priority, _priority_back, "new_priority"),
        spec(SetPriorities, _set_priorities, _priorities_back),
        spec(ScheduleStory, _schedule, _schedule_back),
        spec(StartStories, _start, _start_back),
        spec(RescheduleStories, _reschedule, _reschedule_back),
        spec(SetStatus, _set_status, _status_back, "follows_work"),
        spec(AssignStories, _assign, _assign_back),
        spec(CancelStories, _cancel_stories, _uncancel, "follows_work"),
    )


def _subject(action: TrackerAction) -> Subject:
    return Subject(process="planning", plan=action.plan, decides=action.decides())


async def _ask(grant: str, port: Tracker) -> Outcome | None:
    try:
        items = await port.what_happened(grant)
    except CannotTell as silent:
        return Outcome(OutcomeState.UNKNOWN, str(silent))
    return None if items is None else _done(f"The tracker has it: {items}.", items)


def _done(detail: str, reference: str) -> Outcome:
    return Outcome(OutcomeState.DONE, detail, reference)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except TrackerError as refused:
        raise EffectFailed(str(refused)) from refused
    except TrackerUnsure as unsure:
        raise OutcomeUncertain(str(unsure)) from unsure


# What the matrix looks at.


async def _establish(
    within_plan: WithinPlan,
    is_linkable: IsLinkable,
    follows_work: FollowsWork,
    action: TrackerAction,
    actor: Actor,
    tx: AsyncSession,
) -> Mapping[str, Given]:
    facts: dict[str, Given] = {"within_plan": await within_plan(action, tx)}
    if action.decision_type == SetStatus.decision_type:
        facts["follows_work"] = isinstance(action, SetStatus) and await follows_work(action, tx)
    if isinstance(action, CreateUrgentStory):
        facts["new_priority"] = action.draft.priority.value
        # An agent's word links nothing.
        linked = actor.kind == "person" and action.incident is not None
        facts["linked_by_sre"] = (
            linked and await _is_sre(tx, actor) and await is_linkable(action.incident or "", tx)
        )
    elif isinstance(action, SetPriority):
        facts["new_priority"] = action.priority.value
    return facts


async def _is_sre(tx: AsyncSession, actor: Actor) -> bool:
    is_sre = (
        select(PersonRow.id)
        .join(
            PersonRoleRow,
            (PersonRoleRow.tenant == PersonRow.tenant) & (PersonRoleRow.person == PersonRow.id),
        )
        .where(PersonRow.id == actor.id, PersonRow.active, PersonRoleRow.role == Role.SRE_LEAD.value)
    )
    return (await tx.execute(is_sre.limit(1))).first() is not None


# Performers.


async def _create_epic(action: CreateEpic, grant: Grant, port: Tracker) -> Outcome:
    with _refusals():
        epic = await port.create_epic(grant, action.draft)
    return _done(f"Created {epic.id} “{epic.title}”.", epic.id)


async def _cancel_epic(action: CancelEpic, grant: Grant, port: Tracker) -> Outcome:
    with _refusals():
        epic = await port.cancel_epic(grant, action.epic, action.reason)
    return _done(f"Cancelled {epic.id} and its open stories.", epic.id)


async def _create_story(action: NewStory, grant: Grant, port: Tracker) -> Outcome:
    with _refusals():
        story = await port.create_story(grant, action.draft)
    return _done(f"Created {story.id} “{story.title}”.", story.id)


async def _change(edits: Sequence[StoryEdit], grant: Grant, port: Tracker) -> Outcome:
    with _refusals():
        changed = await port.change_stories(grant, edits)
    ids = ", ".join(story.id for story in changed)
    return _done(f"The tracker has it: {ids}.", ids)


async def _set_priority(action: SetPriority, grant: Grant, port: Tracker) -> Outcome:
    edit = StoryEdit(action.story, StoryChange(priority=action.priority), StoryChange(priority=action.was))
    return await _change([edit], grant, port)


async def _set_priorities(action: SetPriorities, grant: Grant, port: Tracker) -> Outcome:
    edits = [
        StoryEdit(step.story, StoryChange(priority=step.priority), StoryChange(priority=step.was))
        for step in action.stories
    ]
    return await _change(edits, grant, port)


async def _schedule(action: ScheduleStory, grant: Grant, port: Tracker) -> Outcome:
    edit = StoryEdit(action.story, StoryChange(sprint=action.sprint), StoryChange(sprint=action.was))
    return await _change([edit], grant, port)


async def _start(action: StartStories, grant: Grant, port: Tracker) -> Outcome:
    edits = [
        StoryEdit(
            step.story,
            StoryChange(priority=step.priority, sprint=step.sprint or None),
            StoryChange(priority=step.was, sprint=step.was_sprint if step.sprint else None),
        )
        for step in action.stories
    ]
    return await _change(edits, grant, port)


async def _reschedule(action: RescheduleStories, grant: Grant, port: Tracker) -> Outcome:
    edits = [
        StoryEdit(
            item.story,
            StoryChange(sprint=item.sprint, estimate_hours=item.hours),
            StoryChange(status=item.status, sprint=item.was, estimate_hours=item.was_hours),
        )
        for item in action.stories
    ]
    return await _change(edits, grant, port)


async def _set_status(action: SetStatus, grant: Grant, port: Tracker) -> Outcome:
    edits = [
        StoryEdit(step.story, StoryChange(status=step.status), StoryChange(status=step.was), step.reason)
        for step in action.stories
    ]
    return await _change(edits, grant, port)


async def _assign(action: AssignStories, grant: Grant, port: Tracker) -> Outcome:
    edits = [
        StoryEdit(item.story, StoryChange(assignee=item.assignee), StoryChange(assignee=item.was))
        for item in action.stories
    ]
    return await _change(edits, grant, port)


async def _cancel_stories(action: CancelStories, grant: Grant, port: Tracker) -> Outcome:
    cancelled = StoryChange(status=StoryStatus.CANCELLED)
    edits = [
        StoryEdit(item.story, cancelled, StoryChange(status=item.was), action.reason) for item in action.stories
    ]
    return await _change(edits, grant, port)


# What takes an action back.


def _because(action: TrackerAction) -> dict[str, Any]:
    return {
        "rationale": f"Takes back: {action.summary()}",
        "impact": "The stories named stand as they stood before.",
        "rollback_plan": f"Do it again: {action.summary()}",
        "plan": action.plan,
    }


def _cancel_created_epic(action: CreateEpic, outcome: Outcome) -> Action | None:
    if outcome.reference is None:
        return None
    return CancelEpic(epic=outcome.reference, reason="taken back", **_because(action))


def _cancel_created_story(action: NewStory, outcome: Outcome) -> Action | None:
    # Work that was begun since is not thrown away: the story then stands otherwise, and that is said.
    if outcome.reference is None:
        return None
    made = Cancellation(outcome.reference, StoryStatus.BACKLOG)
    return CancelStories(stories=(made,), reason="taken back", **_because(action))


def _priority_back(action: SetPriority, _outcome: Outcome) -> Action:
    return SetPriority(story=action.story, priority=action.was, was=action.priority, **_because(action))


def _priorities_back(action: SetPriorities, _outcome: Outcome) -> Action:
    steps = tuple(PriorityStep(step.story, step.was, step.priority) for step in action.stories)
    return SetPriorities(stories=steps, **_because(action))


def _schedule_back(action: ScheduleStory, _outcome: Outcome) -> Action:
    return ScheduleStory(story=action.story, sprint=action.was, was=action.sprint, **_because(action))


def _start_back(action: StartStories, _outcome: Outcome) -> Action | None:
    if any(step.sprint for step in action.stories):
        return None  # what is in a sprint may be begun by now: people take it out where they want that
    steps = tuple(StartStep(step.story, step.was, step.priority) for step in action.stories)
    return StartStories(name=action.name, stories=steps, **_because(action))


def _reschedule_back(action: RescheduleStories, _outcome: Outcome) -> Action:
    def back(item: Placing) -> Placing:
        status = StoryStatus.SCHEDULED if item.sprint else StoryStatus.BACKLOG
        return Placing(item.story, item.was, item.sprint, status, item.was_hours, item.hours)

    return RescheduleStories(stories=tuple(map(back, action.stories)), **_because(action))


def _status_back(action: SetStatus, _outcome: Outcome) -> Action:
    steps = tuple(StatusStep(step.story, step.was, step.status) for step in action.stories)
    return SetStatus(stories=steps, **_because(action))


def _assign_back(action: AssignStories, _outcome: Outcome) -> Action:
    items = tuple(Assignment(item.story, item.was, item.assignee) for item in action.stories)
    return AssignStories(stories=items, **_because(action))


def _uncancel(action: CancelStories, _outcome: Outcome) -> Action:
    steps = tuple(StatusStep(item.story, item.was, StoryStatus.CANCELLED) for item in action.stories)
    return SetStatus(stories=steps, **_because(action))
