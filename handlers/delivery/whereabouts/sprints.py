"""The sprints that some stories may be in, and the plan that they were made by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select

from agents.plans.replanning import UNDER_WAY
from agents.plans.rows import draft_of, steps_of
from agents.plans.steps import made_by
from agents.plans.tables import PlanRow
from handlers.conversation.desk import Desk
from handlers.delivery.whereabouts.expected import Planned
from integrations.pages import everything
from integrations.tracker import Sprint, SprintQuery, Story


async def sprints_of(desk: Desk, stories: Sequence[Story]) -> Mapping[str, Sprint]:
    """By id."""
    ids = frozenset(story.sprint for story in stories if story.sprint)
    found = await everything(desk.ports.tracker.sprints, SprintQuery(ids=ids)) if ids else ()
    return {sprint.id: sprint for sprint in found}


async def sprint_names(desk: Desk, ids: Iterable[str]) -> Mapping[str, str]:
    """The names of these sprints, by id."""
    wanted = SprintQuery(ids=frozenset(filter(None, ids)))
    return {sprint.id: sprint.name for sprint in await everything(desk.ports.tracker.sprints, wanted)}


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
