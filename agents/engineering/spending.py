"""What agents' models cost: by story, role, model and month, and against a story's budget."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.tables import StoryWorkRow
from agents.engineering.write_step import engineer_of
from agents.model_tables import ModelUseRow
from agents.role import ModelBudget
from agents.terms import budget_of
from agents.usage import NOTHING, UsedSoFar, used_by_run, used_for
from agents.work.tables import RunRow
from governance.agent_settings import AgentSettings, Configured, all_configured, configured


@dataclass(frozen=True, slots=True)
class Spent:
    """What calls came to that have all of this in common. `story` is None for what belongs to none (a plan that
    was drafted), `month` its first day. `cost` is USD of the calls whose price is known; `unpriced` are the
    tokens of the others."""

    story: str | None
    role: str
    model: str
    month: date
    calls: int
    tokens: int
    cost: Decimal
    unpriced: int


@dataclass(frozen=True, slots=True)
class StoryBudget:
    """What the newest work on a story may use of models, as its engineer is set now, and what that engineer
    used so far. `title` is as the tracker had it."""

    story: str
    title: str
    budget: ModelBudget
    used: UsedSoFar

    @property
    def is_over(self) -> bool:
        """Whether any of it is used up."""
        return (
            self.used.calls >= self.budget.calls
            or self.used.tokens >= self.budget.tokens
            or self.used.priced >= self.budget.cost
        )


async def spent(
    tx: AsyncSession,
    zone: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    stories: Collection[str] | None = None,
) -> Sequence[Spent]:
    """What was used from `since` until before `until`, on these stories, or on anything; months are those of
    the IANA `zone`. The dearest first."""
    tokens = ModelUseRow.input_tokens + ModelUseRow.output_tokens
    month = func.date_trunc("month", func.timezone(zone, ModelUseRow.at))
    by = (StoryWorkRow.story, ModelUseRow.role, ModelUseRow.model, month)
    query = (
        select(
            *by,
            func.count(),
            func.sum(tokens),
            func.coalesce(func.sum(ModelUseRow.cost), 0),
            func.coalesce(func.sum(tokens).filter(ModelUseRow.cost.is_(None)), 0),
        )
        .outerjoin(
            StoryWorkRow, (StoryWorkRow.tenant == ModelUseRow.tenant) & (StoryWorkRow.run == ModelUseRow.run)
        )
        .group_by(*by)
    )
    if since is not None:
        query = query.where(ModelUseRow.at >= since)
    if until is not None:
        query = query.where(ModelUseRow.at < until)
    if stories is not None:
        query = query.where(StoryWorkRow.story.in_(stories))
    found = [
        Spent(story, role, model, month.date(), calls, int(tokens), cost, int(unpriced))
        for story, role, model, month, calls, tokens, cost, unpriced in (await tx.execute(query)).all()
    ]
    return sorted(found, key=lambda one: (-one.cost, -one.tokens, one.story or "", one.role))


async def budget_of_work(
    tx: AsyncSession, work: StoryWorkRow, moment: datetime
) -> tuple[ModelBudget, UsedSoFar]:
    """What the engineer of a work may use of models, as it is set now, and what it used so far."""
    role = engineer_of(work.discipline)
    settings = (await configured(tx, role.name, moment)).settings
    return budget_of(role.budget, settings), await used_for(tx, role.name, work.run)


async def story_budgets(
    tx: AsyncSession, moment: datetime, *, stories: Collection[str] | None = None, most: int = 50
) -> Sequence[StoryBudget]:
    """Of the newest work on each of these stories, or on any, the newest first. What counts is what its
    engineer used: a review has a budget of its own."""
    newest = (
        select(StoryWorkRow.run, StoryWorkRow.story, StoryWorkRow.discipline, StoryWorkRow.created)
        .ext(distinct_on(StoryWorkRow.story))
        .order_by(StoryWorkRow.story, StoryWorkRow.created.desc())
    )
    if stories is not None:
        newest = newest.where(StoryWorkRow.story.in_(stories))
    work = newest.subquery()
    query = (
        select(work.c.run, work.c.story, work.c.discipline, RunRow.title)
        .join(RunRow, RunRow.id == work.c.run)
        .order_by(work.c.created.desc())
        .limit(most)
    )
    there = (await tx.execute(query)).all()
    used = await used_by_run(tx, [run for run, *_ in there])
    settings = await all_configured(tx, moment)
    found = []
    for run, story, discipline, title in there:
        role = engineer_of(discipline)
        budget = budget_of(role.budget, settings.get(role.name, Configured(AgentSettings())).settings)
        found.append(StoryBudget(story, title, budget, used.get((run, role.name), NOTHING)))
    return found
