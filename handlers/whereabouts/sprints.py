"""The sprints that some stories may be in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from handlers.conversation.desk import Desk
from integrations.tracker import Sprint, Story


async def sprints_of(desk: Desk, stories: Sequence[Story]) -> Mapping[str, Sprint]:
    """By id: those of the stories' teams, where one of them has a sprint at all."""
    teams = sorted({story.team for story in stories if story.sprint})
    found = [sprint for team in teams for sprint in await desk.ports.tracker.sprints(team)]
    return {sprint.id: sprint for sprint in found}
