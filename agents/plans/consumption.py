"""What plans have used of their budgets, as the tracker knows it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.plans.coordination import spend
from agents.plans.tables import PlanRow
from governance.visibility import EVERYTHING
from integrations.pages import everything
from integrations.tracker import StoryQuery, Tracker
from storage.database import locked


async def epics_under_way(tx: AsyncSession) -> Mapping[str, str]:
    """The epics of plans whose work is not over, by plan."""
    query = select(PlanRow.id, PlanRow.epic).where(
        PlanRow.state.in_(("executing", "created")), PlanRow.epic.is_not(None)
    )
    return {plan: epic for plan, epic in await tx.execute(query) if epic is not None}


async def hours_worked(tracker: Tracker, epic: str) -> float:
    """Agent-hours that the stories of an epic took so far."""
    stories = await everything(partial(tracker.stories, EVERYTHING), StoryQuery(epic=epic))
    return sum(story.actual_hours or 0.0 for story in stories)


async def take_note_of(tx: AsyncSession, plan: str, hours: float) -> None:
    """Let a plan know that `hours` are used by now; it warns, or pauses, by itself."""
    row = (await tx.execute(locked(select(PlanRow).where(PlanRow.id == plan)))).scalar_one()
    if hours > row.used_hours:
        await spend(tx, plan, hours - row.used_hours)
