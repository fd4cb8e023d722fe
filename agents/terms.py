"""On which terms an agent works with a model: its own model, its tools, and what it may still use.

They are the agent's settings (`governance.agent_settings`). Which model and which tools stands from the
beginning of a piece of work; what may be used is looked at before each call, as it is set by then.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from agents.model import BudgetSpent, ModelAccess, Used
from agents.model_tables import ModelUseRow
from agents.role import ModelBudget, Role
from agents.usage import used_for, used_in_month
from governance.agent_settings import AgentSettings, configured
from governance.blackouts import zone_of
from governance.department_rows import read_department


def budget_of(usual: ModelBudget, settings: AgentSettings) -> ModelBudget:
    """What an agent may use of a model for one piece of work: as it is set, else as its role has it."""
    return ModelBudget(
        calls=settings.story_calls or usual.calls,
        tokens=settings.story_tokens or usual.tokens,
        cost=settings.story_cost or usual.cost,
    )


@dataclass(frozen=True, slots=True)
class AgentTerms:
    """The terms of all agents for one piece of work, `subject` (a run, a document); see agents.model.Terms.
    `run` is the run that it is done in, if it is."""

    transaction: Callable[[], AbstractAsyncContextManager[AsyncSession]]
    subject: str
    clock: Callable[[], datetime]
    run: str | None = None

    async def engage(self, role: Role, access: ModelAccess) -> tuple[Role, ModelAccess]:
        """See Terms.engage."""
        async with self.transaction() as tx:
            settings = (await configured(tx, role.name, self.clock())).settings
        tools = tuple(tool for tool in role.tools if tool not in settings.without)
        has = access if settings.model is None else access.named(settings.model)
        return replace(role, tools=tools), has

    async def budget_left(self, role: Role) -> ModelBudget:
        """See Terms.budget_left."""
        now = self.clock()
        async with self.transaction() as tx:
            settings = (await configured(tx, role.name, now)).settings
            spent = await used_for(tx, role.name, self.subject)
            if settings.month_cost is not None:
                zone = zone_of(await read_department(tx))
                month = await used_in_month(tx, role.name, now, zone)
                if month.priced >= settings.month_cost:
                    raise BudgetSpent(f"its budget of {settings.month_cost} USD for this month is spent")
        if settings.story_calls is not None and spent.calls >= settings.story_calls:
            raise BudgetSpent(f"its budget of {settings.story_calls:,} model calls is spent")
        if settings.story_tokens is not None and spent.tokens >= settings.story_tokens:
            raise BudgetSpent(f"its budget of {settings.story_tokens:,} tokens is spent")
        if settings.story_cost is not None and spent.priced >= settings.story_cost:
            raise BudgetSpent(f"its budget of {settings.story_cost} USD is spent")
        return budget_of(role.budget, settings)

    async def count(self, used: Used) -> None:
        """See Terms.count."""
        async with self.transaction() as tx:
            tx.add(
                ModelUseRow(
                    run=self.run,
                    subject=self.subject,
                    role=used.role,
                    model=used.model,
                    input_tokens=used.input_tokens,
                    output_tokens=used.output_tokens,
                    cost=used.cost,
                    at=self.clock(),
                )
            )
