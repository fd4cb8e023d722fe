"""The sprints that some stories may be in, and the plan that they were made by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from agents.plans.replanning import UNDER_WAY
from agents.plans.rows import draft_of, steps_of
from agents.plans.steps import made_by
from agents.plans.tables import PlanRow
from handlers.conversation.desk import Desk
from handlers.delivery.whereabouts.expected import Planned
from integrations.tracker import Sprint, Story


async def sprints_of(desk: Desk, stories: Sequence[Story]) -> Mapping[str, Sprint]:
    """By id: those of the stories' teams, where one of them has a sprint at all."""
    teams = sorted({story.team for story in stories if story.sprint})
    found = [sprint for team in teams for sprint in await desk.ports.tracker.sprints(team)]
    return {sprint.id: sprint for sprint in found}


async def planned(desk: Desk, epic: str | None) -> Planned | None:
    """The plan that an epic was made by, if it was made by one that still goes on."""
    if epic is None:
        return None
    query = select(PlanRow).where(PlanRow.epic == epic, PlanRow.state.in_(UNDER_WAY))
    row = (await desk.tx.execute(query.limit(1))).scalar()
    draft = None if row is None else draft_of(row)
    if row is None or draft is None:
        return None
    made = made_by(await steps_of(desk.tx, row.id))
    return Planned(row.id, draft, {story: key for key, story in made.items()})
