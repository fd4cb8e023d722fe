"""A department with a little work behind it, in which what no customer is tagged with carries a marker."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from agents.plans import coordination
from agents.plans.authorship import Authorship
from agents.plans.drafting import Drafting
from agents.plans.rows import plan_by_id
from agents.plans.tables import PlanRow
from agents.work.kinds import find_kinds
from agents.work.scheduler import Scheduler
from governance.tables import EffectRow
from handlers.conversation.cards import Reply
from handlers.notices import find_notices
from integrations.customers import Account, Request, Standing
from integrations.customers.vendors.local.customers_file import CustomersFile
from integrations.customers.vendors.local.loading import write_customers
from integrations.documents.vendors.local import LocalFolder
from integrations.services.vendors.local import LocalCatalogue
from integrations.tracker import Epic, Priority, Sprint, Story, StoryStatus
from integrations.tracker.vendors.local.history import History, take_over
from integrations.tracker.vendors.local.tracker import LocalTracker
from storage.database import Database
from tests.handlers.conftest import ACME, Talk

MARKER = "zanzibar-7731"
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""As the talk's clock has it."""


def story(number: int, title: str, **fields: Any) -> Story:
    """A story of team alpha in the backlog, untagged unless said otherwise."""
    made = Story(
        id=f"CARD-{number}",
        title=title,
        description="",
        acceptance=(),
        team="alpha",
        product="payments",
        status=StoryStatus.BACKLOG,
        priority=Priority.P2,
        epic=None,
        discipline="backend",
        estimate_hours=20.0,
        actual_hours=None,
        customers=(),
        labels=(),
        depends_on=(),
        blocked_reason=None,
        assignee=None,
        sprint=None,
        created=NOW - timedelta(days=90),
        started=None,
        finished=None,
    )
    return replace(made, **fields)


def epic(number: int, title: str, *customers: str, document: str | None = None) -> Epic:
    created = NOW - timedelta(days=100)
    status = StoryStatus.IN_PROGRESS
    return Epic(f"EPIC-{number}", title, "payments", document, status, Priority.P1, customers, created)


SPRINTS = (
    Sprint("alpha-s1", "alpha", "Team Alpha, sprint 1", date(2026, 11, 23), date(2026, 12, 7), 120.0),
    Sprint("alpha-s2", "alpha", "Team Alpha, sprint 2", date(2026, 12, 7), date(2026, 12, 21), 120.0),
    Sprint("insights-s2", "insights", "Insights Team, sprint 2", date(2026, 12, 7), date(2026, 12, 21), 200.0),
)
DONE: dict[str, Any] = {
    "status": StoryStatus.DONE,
    "actual_hours": 18.0,
    "started": NOW - timedelta(days=20),
    "finished": NOW - timedelta(days=10),
}
STORIES = (
    story(1, "Refund a payment", epic="EPIC-1", customers=("acme-corp",), **DONE),
    story(
        2,
        "Refund several payments at once",
        epic="EPIC-1",
        customers=("acme-corp", "halden-logistics"),
        status=StoryStatus.BLOCKED,
        blocked_reason="Waits for the bank's answer",
        sprint="alpha-s1",
    ),
    story(3, f"Refund ledger {MARKER}", epic="EPIC-1", status=StoryStatus.IN_PROGRESS, sprint="alpha-s1"),
    story(4, f"Rotate certificates {MARKER}", epic="EPIC-2", status=StoryStatus.IN_PROGRESS, sprint="alpha-s1"),
    story(5, f"Cache the exchange rates {MARKER}", epic="EPIC-2", priority=Priority.P3),
    story(6, "Cache the order history for slow database queries", team="performance", **DONE),
    story(7, "Optimize slow database queries of the cart", team="performance", **DONE),
    story(8, f"Halden's own export {MARKER}", customers=("halden-logistics",)),
)
EPICS = (
    epic(1, "Refunds by self-service", "acme-corp", "halden-logistics"),
    epic(2, f"Payment plumbing {MARKER}"),
)


def _account(id: str, name: str, owner: str, arr: int, *aliases: str) -> Account:
    return Account(
        id,
        name,
        aliases,
        "enterprise",
        Decimal(arr),
        date(2027, 5, 14),
        72,
        Standing.AT_RISK,
        owner,
        None,
        None,
    )


CUSTOMERS = CustomersFile(
    accounts=(
        _account("acme-corp", "Acme Corp", "rachel", 500_000, "Acme"),
        _account("halden-logistics", f"Halden Logistics {MARKER}", "elena", 450_000),
    ),
    requests=(
        Request(
            "REQ-1",
            "acme-corp",
            "Refund payments without asking",
            date(2026, 10, 19),
            date(2027, 1, 31),
            ("EPIC-1", "CARD-2", "CARD-4"),
        ),
    ),
    commitments=(),
)


class Product:
    """A talk in a department with work, and the jobs behind it, done when they are asked for."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.tracker = LocalTracker(talk.database, talk.tenant)

    async def plan(self) -> PlanRow:
        """The newest plan."""
        async with self.talk.database.transaction(self.talk.tenant) as tx:
            return (await tx.execute(select(PlanRow).order_by(PlanRow.created.desc()).limit(1))).scalar_one()

    async def advance(self, plan: str) -> None:
        """The jobs that let a plan's run go on, and then the plan take note."""
        scheduler = Scheduler(self.talk.gate, find_kinds())
        async with self.talk.database.transaction(self.talk.tenant) as tx:
            run = (await plan_by_id(tx, plan)).run
            if run is not None:
                await scheduler.advance(tx, run)
        async with self.talk.database.transaction(self.talk.tenant) as tx:
            await coordination.advance(tx, self.talk.gate, plan)

    async def plans(self) -> int:
        async with self.talk.database.transaction(self.talk.tenant) as tx:
            return len((await tx.execute(select(PlanRow.id))).all())

    async def draft(self) -> Reply:
        """Do the newest plan's drafting; its card as it is then posted."""
        drafting = Drafting(self.talk.database, self.talk.gate, self._author(), lambda _: nullcontext())  # type: ignore[arg-type, return-value]
        plan = await self.plan()
        await drafting.draft(self.talk.tenant, plan.id)
        return await self.card(plan.id)

    async def card(self, plan: str, kind: str = "plan_proposed", **ids: object) -> Reply:
        """A plan's notice, rendered."""
        async with self.talk.desk() as desk:
            assert await plan_by_id(desk.tx, plan)
            reply = await find_notices()[kind].render(desk, {"plan": plan, "key": "k", **ids}, None)
            assert reply is not None
            return reply

    async def card_of(self, run: str) -> Reply:
        """The card of the work on a story, rendered."""
        async with self.talk.desk() as desk:
            reply = await find_notices()["story_work"].render(desk, {"run": run, "key": "k"}, None)
            assert reply is not None
            return reply

    async def effects(self, *types: str) -> list[EffectRow]:
        async with self.talk.database.transaction(self.talk.tenant) as tx:
            query = select(EffectRow).where(EffectRow.action_type.in_(types)).order_by(EffectRow.created)
            return list((await tx.execute(query)).scalars())

    def _author(self) -> Authorship:
        async def unhalted(_tenant: str) -> None:
            return None

        return Authorship(self.talk.database, lambda _: self, None, unhalted, lambda: self.talk.now)  # type: ignore[arg-type, return-value]

    @property
    def documents(self) -> LocalFolder:
        return LocalFolder(ACME / "documents")

    @property
    def services(self) -> LocalCatalogue:
        return LocalCatalogue(ACME / "services")


class Folder(Product):
    """A department whose documents are written by the test."""

    def __init__(self, talk: Talk, folder: Path) -> None:
        super().__init__(talk)
        talk.folder = folder
        self.folder = folder

    @property
    def documents(self) -> LocalFolder:
        return LocalFolder(self.folder)

    async def build(self, text: str | bytes) -> Reply:
        content = text if isinstance(text, bytes) else text.encode()
        (self.folder / "PRD-Parcels.md").write_bytes(content)
        await self.talk.say("david", "/build_feature build from PRD-Parcels")
        return await self.draft()


@pytest.fixture
async def product(talk: Talk, database: Database, tenant: str) -> Product:
    async with database.transaction(tenant) as tx:
        await take_over(tx, "work", History(EPICS, SPRINTS, STORIES, (), ()))
        await write_customers(tx, CUSTOMERS)
    return Product(talk)


@pytest.fixture
async def own(product: Product, tmp_path: Path) -> Folder:
    return Folder(product.talk, tmp_path)
