"""The effect of having a feature begun: its stories' priority, and the sprint of those that come first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from integrations.tracker import Priority
from integrations.tracker.actions import ManyStories
from integrations.tracker.lines import Id, Line


@dataclass(frozen=True, slots=True)
class StartStep:
    """A story's way to its start: its priority, and the sprint that it goes into (empty: it stays where it is),
    with what stands now."""

    story: Id
    priority: Priority
    was: Priority
    sprint: Id | Annotated[str, Field(max_length=0)] = ""
    was_sprint: Id | Annotated[str, Field(max_length=0)] = ""


class StartStories(ManyStories):
    """Have a feature's stories begun: their priority, and the sprint of those that come first. `name` is what
    people call the feature."""

    type = "tracker.start_stories"
    decision_type = "priority_change"

    name: Line
    stories: tuple[StartStep, ...] = Field(min_length=1, max_length=500)

    def summary(self) -> str:
        priorities = sorted({step.priority.value for step in self.stories})
        sprints = sorted({step.sprint for step in self.stories if step.sprint})
        begins = f", first in {' and '.join(sprints)}" if sprints else ""
        return f"Start “{self.name}”: {self.names()} at {' or '.join(priorities)}{begins}"

    def becomes(self, item: StartStep) -> str:
        return f"{item.story} {item.priority} in sprint {item.sprint or item.was_sprint or 'none'}"
