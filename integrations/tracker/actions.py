"""The tracker's effects: making, scheduling, prioritising, assigning and cancelling work."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from governance.action import Action
from integrations.tracker import EpicDraft, Priority, StoryDraft, StoryStatus
from integrations.tracker.lines import Id, Line, Text, require_line, require_text

URGENT = frozenset({Priority.P0, Priority.P1})


def _sound_epic(draft: EpicDraft) -> EpicDraft:
    require_line(draft.title)
    for name in (draft.product, *filter(None, [draft.document]), *draft.customers):
        require_line(name)
    return draft


def _sound_story(draft: StoryDraft) -> StoryDraft:
    require_line(draft.title)
    require_text(draft.description)
    for criterion in draft.acceptance:
        require_text(criterion)
    named = [draft.team, draft.product, draft.discipline, *draft.customers, *draft.labels, *draft.depends_on]
    named += [name for name in (draft.epic, draft.origin and draft.origin.story) if isinstance(name, str)]
    for name in named:
        require_line(name)
    hours = draft.estimate_hours
    if hours is not None and not (math.isfinite(hours) and hours >= 0):
        raise ValueError("an estimate is a number of agent-hours, not under 0")
    return draft


class TrackerAction(Action):
    """What every effect on the tracker has besides: the plan that it belongs to, if there is one."""

    # Drafts and steps are checked however they come, ready-made ones too.
    model_config = ConfigDict(revalidate_instances="always")

    plan: Id | None = None

    def decides(self) -> str:
        """What exactly is decided: the same for any two actions that would do the same."""
        return self.summary()


class CreateEpic(TrackerAction):
    """Make an epic."""

    type = "tracker.create_epic"
    decision_type = "story_creation"

    draft: Annotated[EpicDraft, AfterValidator(_sound_epic)]

    def summary(self) -> str:
        return f"Create epic “{self.draft.title}” ({self.draft.product}, {self.draft.priority})"


class CancelEpic(TrackerAction):
    """Cancel an epic and each of its stories that is not done."""

    type = "tracker.cancel_epic"
    decision_type = "story_changes"

    epic: Id
    reason: Line

    def summary(self) -> str:
        return f"Cancel {self.epic} and its open stories: {self.reason}"


class NewStory(TrackerAction):
    """Make a story. Which row rules follows from its priority: see `new_story`."""

    draft: Annotated[StoryDraft, AfterValidator(_sound_story)]

    def summary(self) -> str:
        return f"Create story “{self.draft.title}” for {self.draft.team} ({self.draft.priority})"


class CreateStory(NewStory):
    """Make a story of an ordinary priority."""

    type = "tracker.create_story"
    decision_type = "story_creation"

    @model_validator(mode="after")
    def _ordinary(self) -> Self:
        if self.draft.priority in URGENT:
            raise ValueError(f"{self.draft.priority} is a decision of its own: create an urgent story")
        return self


class CreateUrgentStory(NewStory):
    """Make a story of an urgent priority. `incident` is the id of the open incident that it answers."""

    type = "tracker.create_urgent_story"
    decision_type = "story_priority"

    incident: Id | None = None

    @model_validator(mode="after")
    def _urgent(self) -> Self:
        if self.draft.priority not in URGENT:
            raise ValueError(f"{self.draft.priority} is not urgent: create an ordinary story")
        return self


def new_story(draft: StoryDraft, *, incident: str | None = None, **fields: Any) -> NewStory:
    """The action that makes this story: urgent priorities are a decision of their own.

    `fields` are those that every action on the tracker has. Raises pydantic.ValidationError.
    """
    if draft.priority in URGENT:
        return CreateUrgentStory(draft=draft, incident=incident, **fields)
    return CreateStory(draft=draft, **fields)


class SetPriority(TrackerAction):
    """Give a story another priority. `was` is what it stands at."""

    type = "tracker.set_priority"
    decision_type = "priority_change"

    story: Id
    priority: Priority
    was: Priority

    def summary(self) -> str:
        return f"Set {self.story} from {self.was} to {self.priority}"

    def decides(self) -> str:
        return f"{self.story} {self.priority}"


class ScheduleStory(TrackerAction):
    """Put a story into a sprint, or out of one: an empty sprint is none."""

    type = "tracker.schedule_story"
    decision_type = "scheduling"

    story: Id
    sprint: Id | Annotated[str, Field(max_length=0)]
    was: Id | Annotated[str, Field(max_length=0)]

    def summary(self) -> str:
        moved_from = f" (was {self.was})" if self.was else ""
        if not self.sprint:
            return f"Take {self.story} out of its sprint{moved_from}"
        return f"Schedule {self.story} for {self.sprint}{moved_from}"

    def decides(self) -> str:
        return f"{self.story} in sprint {self.sprint or 'none'}"


@dataclass(frozen=True, slots=True)
class StatusStep:
    """A story's way from one status to another; `reason` is what blocks a blocked one."""

    story: Id
    status: StoryStatus
    was: StoryStatus
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class PriorityStep:
    """A story's priority, and what it stands at."""

    story: Id
    priority: Priority
    was: Priority


@dataclass(frozen=True, slots=True)
class Assignment:
    """A story's assignee: a person or an agent, by id. Empty is nobody."""

    story: Id
    assignee: Id | Annotated[str, Field(max_length=0)]
    was: Id | Annotated[str, Field(max_length=0)] = ""


Hours = Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Placing:
    """A story's sprint (empty is none) and estimate in agent-hours (None: as it is), with what stands now."""

    story: Id
    sprint: Id | Annotated[str, Field(max_length=0)]
    was: Id | Annotated[str, Field(max_length=0)]
    status: StoryStatus
    hours: Hours | None = None
    was_hours: Hours | None = None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A story to be cancelled, and the status that it is taken from."""

    story: Id
    was: StoryStatus


class ManyStories(TrackerAction):
    """An effect on several stories at once, each named once; all of them change, or none."""

    stories: tuple[Any, ...]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        ids = [item.story for item in self.stories]
        if len(set(ids)) < len(ids):
            raise ValueError("a story is named twice")
        return self

    def decides(self) -> str:
        return "; ".join(sorted(self.becomes(item) for item in self.stories))

    @abstractmethod
    def becomes(self, item: Any) -> str:
        """A story and what it is to be, in a few exact words."""

    def names(self) -> str:
        """The stories, for a line on a card."""
        shown = ", ".join(item.story for item in self.stories[:5])
        return shown if len(self.stories) <= 5 else f"{shown} and {len(self.stories) - 5} more"


class SetPriorities(ManyStories):
    """Give several stories another priority: those of one feature, say."""

    type = "tracker.set_priorities"
    decision_type = "priority_change"

    stories: tuple[PriorityStep, ...] = Field(min_length=1, max_length=500)

    def summary(self) -> str:
        priorities = sorted({step.priority.value for step in self.stories})
        return f"Set {self.names()} to {' or '.join(priorities)}"

    def becomes(self, item: PriorityStep) -> str:
        return f"{item.story} {item.priority}"


class SetStatus(ManyStories):
    """Bring stories into a status."""

    type = "tracker.set_status"
    decision_type = "story_changes"

    stories: tuple[StatusStep, ...] = Field(min_length=1, max_length=500)

    def summary(self) -> str:
        statuses = sorted({step.status.value.replace("_", " ") for step in self.stories})
        return f"Set {self.names()} to {' or '.join(statuses)}"

    def becomes(self, item: StatusStep) -> str:
        return f"{item.story} {item.status}"


class AssignStories(ManyStories):
    """Say who works on which story."""

    type = "tracker.assign_stories"
    decision_type = "team_assignments"

    stories: tuple[Assignment, ...] = Field(min_length=1, max_length=500)

    def summary(self) -> str:
        return self.described({item.assignee: item.assignee for item in self.stories})

    def described(self, names: Mapping[str, str]) -> str:
        people = sorted({names[item.assignee] if item.assignee else "nobody" for item in self.stories})
        shown = ", ".join(people[:5]) if len(people) <= 5 else f"{len(people)} people"
        return f"Assign {self.names()} to {shown}"

    def becomes(self, item: Assignment) -> str:
        return f"{item.story} assigned to {item.assignee or 'nobody'}"


class RescheduleStories(ManyStories):
    """Give stories that nobody has begun on other sprints and estimates, all of them or none."""

    type = "tracker.reschedule_stories"
    decision_type = "scheduling"

    stories: tuple[Placing, ...] = Field(min_length=1, max_length=500)

    def summary(self) -> str:
        return f"Schedule {self.names()} anew"

    def becomes(self, item: Placing) -> str:
        estimated = f", {item.hours:g} hours" if item.hours is not None else ""
        return f"{item.story} in sprint {item.sprint or 'none'}{estimated}"


class CancelStories(ManyStories):
    """Cancel stories."""

    type = "tracker.cancel_stories"
    decision_type = "story_changes"

    stories: tuple[Cancellation, ...] = Field(min_length=1, max_length=500)
    reason: Line

    def summary(self) -> str:
        return f"Cancel {self.names()}: {self.reason}"

    def becomes(self, item: Cancellation) -> str:
        return f"{item.story} {StoryStatus.CANCELLED}"
