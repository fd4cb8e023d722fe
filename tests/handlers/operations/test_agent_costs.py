"""What agents cost, asked in chat, over rows that are known: nothing that is unknown is ever a zero."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from agents.engineering.tables import StoryWorkRow
from agents.model import ModelAccess
from agents.model_tables import ModelUseRow
from agents.plans.tables import PlanRow
from agents.work.tables import RunRow
from governance.facts import Fact
from handlers.conversation.cards import Reply
from integrations.tracker.vendors.local.tables import EpicRow, StoryRow
from tests.handlers.conftest import Talk

NOVEMBER = datetime(2026, 11, 20, 9, tzinfo=UTC)
OCTOBER = datetime(2026, 10, 31, 12, tzinfo=UTC)
PRICED, UNPRICED = "gpt-5-mini", "in-house"
TEAMS = {12: "beta", 13: "alpha"}


def story(number: int, epic: str | None = None) -> StoryRow:
    return StoryRow(
        id=f"CARD-{number}",
        number=number,
        title=f"Story {number}",
        description="",
        acceptance=[],
        team=TEAMS[number],
        product="checkout",
        status="done",
        priority="P2",
        epic=epic,
        discipline="backend",
        actual_hours=6.0,
        customers=[],
        labels=[],
        created=OCTOBER,
    )


def work(number: int) -> StoryWorkRow:
    return StoryWorkRow(
        run=f"rn_{number}",
        story=f"CARD-{number}",
        repository="orders",
        discipline="backend",
        answers="david",
        brief={},
        base_branch="main",
        base="b",
        branch="countersign/x",
    )


def use(run: str | None, role: str, cost: str | None, tokens: int, at: datetime = NOVEMBER) -> ModelUseRow:
    model = PRICED if cost is not None else UNPRICED
    known = None if cost is None else Decimal(cost)
    used = {"input_tokens": tokens, "output_tokens": 0, "cost": known}
    return ModelUseRow(run=run, subject=run or "document:PRD-1", role=role, model=model, at=at, **used)


@pytest.fixture
async def spent(talk: Talk) -> Talk:
    """CARD-12 (Beta): 1.25 and .50 USD of two roles; CARD-13 (Alpha): .05 USD, and tokens without a price;
    a plan for 2 USD; and 7 USD in October."""
    async with talk.database.transaction(talk.tenant) as tx:
        tx.add(EpicRow(id="EPIC-1", number=1, title="Pieces", product="checkout", priority="P2",
                       customers=[], created=OCTOBER))  # fmt: skip
        await tx.flush()
        tx.add_all([story(12, "EPIC-1"), story(13)])
        tx.add_all(
            [RunRow(id=f"rn_{n}", kind="story", title=f"CARD-{n}: Story", state="done") for n in (12, 13)]
        )
        await tx.flush()
        tx.add_all([work(12), work(13)])
        await tx.flush()
        tx.add_all(
            [
                use("rn_12", "backend_engineer", "1.25", 400_000),
                use("rn_12", "architect", "0.50", 100_000),
                use("rn_13", "backend_engineer", None, 90_000),
                use("rn_13", "architect", "0.05", 10_000),
                use(None, "project_manager", "2.00", 300_000),
                use("rn_12", "architect", "7.00", 900_000, OCTOBER),
            ]
        )
    return talk


async def asked(talk: Talk, words: str, who: str = "david") -> Reply:
    (reply,) = (await talk.say(who, f"/costs {words}")).replies
    return reply


def values(reply: Reply) -> Mapping[str, Fact]:
    return {fact.name: fact for fact in reply.facts}


async def test_by_team_with_what_has_no_price_said(spent: Talk) -> None:
    reply = await asked(spent, "what did the agents cost this month by team?")
    assert reply.text.startswith(
        "Agents cost 3.80 USD and 90,000 tokens without a known price (November 2026), for 5 calls and"
        " 900,000 tokens. Most is no story (plans, incidents): 2.00 USD."
    )
    facts = values(reply)
    assert facts["Cost of Team Beta"].value == Decimal("1.75")
    assert facts["Cost of Team Alpha"].value is None, "a part of it has no price"
    assert facts["Cost together"].value is None
    card = repr(reply.cards)
    assert "0.05 USD and 90,000 tokens without a known price" in card
    assert "The price of in-house is not known; set OPENAI_INPUT_PRICE" in card


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ("what do the agents cost by model this month", {"gpt-5-mini": "3.80", "in-house": None}),
        ("which agents are the most expensive this month", {"backend engineer": None, "architect": "0.55"}),
        ("cost of agents per story this month", {"CARD-12": "1.75", "CARD-13": None}),
        ("agent costs by month", {"November 2026": None, "October 2026": "7.00"}),
        ("what did the agents cost last month", {"architect": "7.00"}),
        ("what did the agents of team Beta cost this month", {"architect": "0.50", "backend engineer": "1.25"}),
        ("what does the architect agent cost", {"architect": "0.55"}),
    ],
)
async def test_by_what_is_asked_for(spent: Talk, words: str, rows: Mapping[str, str | None]) -> None:
    facts = values(await asked(spent, words))
    for name, cost in rows.items():
        assert facts[f"Cost of {name}"].value == (None if cost is None else Decimal(cost)), facts
    assert len([name for name in facts if name.startswith("Cost of ")]) >= len(rows)
    if "Beta" in words:
        assert not any("manager" in name for name in facts)


async def test_one_story_against_its_budget(spent: Talk) -> None:
    reply = await asked(spent, "what did CARD-12 cost?")
    assert reply.text.startswith("CARD-12: Story 12 cost 8.75 USD of models so far, for 3 calls and")
    assert "6 agent-hours" in reply.text
    assert "1.25 of 5.00 USD (25 %)" in repr(reply.cards)
    unpriced = await asked(spent, "what did CARD-13 cost?")
    assert "0.05 USD and 90,000 tokens without a known price" in unpriced.text
    assert "price not known, so only tokens end it" in repr(unpriced.cards)


async def test_the_budget_that_is_shown_is_the_one_that_was_set(spent: Talk) -> None:
    (said,) = (await spent.say("amanda", "/configure_agent give the backend engineer $1.00 a story")).replies
    assert said.text.startswith("The backend engineer agent is set"), said.text
    assert "1.25 of 1.00 USD (125 %)" in repr((await asked(spent, "what did CARD-12 cost?")).cards)
    budgets = await asked(spent, "are the agents within budget?")
    assert budgets.text == "Budgets of 2 stories: used up: CARD-12."


async def test_a_story_without_an_agent_and_one_that_is_not_there(spent: Talk) -> None:
    async with spent.database.transaction(spent.tenant) as tx:
        TEAMS[14] = "beta"
        tx.add(story(14))
    assert (await asked(spent, "what did CARD-14 cost?")).text.startswith("No agent has written at CARD-14")
    assert "CARD-99" in (await asked(spent, "what did CARD-99 cost?")).text


async def test_a_feature_with_its_plan(spent: Talk) -> None:
    async with spent.database.transaction(spent.tenant) as tx:
        tx.add(PlanRow(id="pl_0123456789", document="PRD-1", title="Pieces", requester="david", state="created",
                       notifications=[], epic="EPIC-1", budget_hours=40.0, used_hours=10.0))  # fmt: skip
    reply = await asked(spent, "what did building EPIC-1 cost?")
    assert reply.text.startswith("“Pieces” cost 8.75 USD of models so far"), reply.text
    assert "10 of 40 agent-hours (25 %)" in repr(reply.cards)
    budgets = await asked(spent, "are the agents within budget?")
    assert budgets.text == "Budgets of 2 stories and 1 plan: none is used up."


async def test_nothing_is_recorded_where_no_model_was_called(talk: Talk) -> None:
    reply = await asked(talk, "what do the agents cost us")
    assert reply.text.startswith("Nothing is recorded: agents made no call to a model (November 2026).")
    assert not reply.facts


async def test_who_may_not_see_it_is_refused(spent: Talk) -> None:
    for who in ("rachel", "kofi"):
        reply = await asked(spent, "what did the agents cost this month by team?", who)
        assert "USD" not in reply.text
        assert "engineering director" in reply.text.lower()


def test_a_price_that_is_not_known_is_none() -> None:
    unknown = ModelAccess("m", "k").used("architect", 10, 5)
    known = ModelAccess("m", "k", input_price=Decimal(2), output_price=Decimal(4)).used("architect", 10, 5)
    assert (unknown.cost, known.cost) == (None, Decimal("0.00004"))
