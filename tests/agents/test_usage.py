"""What agents used of their models, by one record of each call."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from agents.model import BudgetSpent, ModelAccess
from agents.project_manager import ROLE
from agents.terms import AgentTerms
from agents.usage import used_for, used_in_month
from governance.agent_settings import AgentSettings, put, settings_for_update
from storage.database import Database

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def terms(database: Database, tenant: str, subject: str, now: datetime = NOW) -> AgentTerms:
    return AgentTerms(lambda: database.transaction(tenant), subject, lambda: now)


async def test_a_call_is_written_down_once_for_its_subject(database: Database, tenant: str) -> None:
    access = ModelAccess("m", "k", input_price=Decimal(2), output_price=Decimal(4))
    await terms(database, tenant, "document:PRD-1").count(access.used("architect", 10, 5))
    await terms(database, tenant, "document:PRD-1").count(ModelAccess("own", "k").used("architect", 7, 0))
    await terms(database, tenant, "document:PRD-2").count(access.used("architect", 10, 5))
    async with database.transaction(tenant) as tx:
        used = await used_for(tx, "architect", "document:PRD-1")
        assert (used.calls, used.tokens, used.priced, used.unpriced) == (2, 22, Decimal("0.00004"), 7)
        assert used.cost is None
        assert (await used_for(tx, "sre", "document:PRD-1")).calls == 0


@pytest.mark.parametrize(("zone", "calls"), [("UTC", 0), ("America/New_York", 1)])
async def test_a_month_is_one_of_the_departments_zone(
    database: Database, tenant: str, zone: str, calls: int
) -> None:
    access = ModelAccess("m", "k")
    before = datetime(2026, 11, 30, 23, tzinfo=UTC)
    await terms(database, tenant, "x", before).count(access.used("architect", 1, 1))
    async with database.transaction(tenant) as tx:
        at = datetime(2026, 12, 1, 2, tzinfo=UTC)
        assert (await used_in_month(tx, "architect", at, zone)).calls == calls


async def test_what_is_set_while_the_work_goes_on_holds_at_its_next_call(
    database: Database, tenant: str
) -> None:
    own = terms(database, tenant, "document:PRD-1")
    assert await own.budget_left(ROLE) == ROLE.budget
    await own.count(ModelAccess("m", "k").used(ROLE.name, 10, 5))
    async with database.transaction(tenant) as tx:
        row = await settings_for_update(tx, ROLE.name, NOW, "amanda")
        put(row, AgentSettings(story_calls=2, story_tokens=1_000), "", "amanda", NOW)
    left = await own.budget_left(ROLE)
    assert (left.calls, left.tokens, left.cost) == (2, 1_000, ROLE.budget.cost)
    await own.count(ModelAccess("m", "k").used(ROLE.name, 10, 5))
    with pytest.raises(BudgetSpent, match="2 model calls"):
        await own.budget_left(ROLE)
    assert (await terms(database, tenant, "document:PRD-2").budget_left(ROLE)).calls == 2
