"""Putting an agent on a story in chat: what the one message of it says, and its buttons."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from agents.engineering.conversation import Move
from agents.engineering.story_rows import keep_move, newest_work, story_work
from agents.engineering.writing import Made
from agents.model_tables import ModelUseRow
from agents.work.tables import RunRow
from handlers.conversation.cards import Fields, Reply
from integrations.code_host.bare_repository import make_bare
from integrations.code_host.vendors.local.client import LocalCodeHost
from storage.database import Database
from tests.handlers.conftest import Talk, buttons
from tests.integrations.code_host.workshop import Workshop
from tests.integrations.tracker_drafts import draft, grant


@pytest.fixture
async def story(database: Database, tenant: str, tmp_path: Path, talk: Talk) -> str:
    await make_bare(tmp_path / "code" / "orders.git", "main")
    talk.code_host = LocalCodeHost(database, tenant, tmp_path / "code", tmp_path / "no-sample")
    clone = Workshop(tmp_path / "clone", tmp_path / "code" / "orders.git")
    clone.commit("Add", {"a.py": "a = 1\n"})
    clone.push("main")
    return (await talk.tracker.create_story(grant(), draft("Count the pieces"))).id


async def asked(talk: Talk, text: str, who: str = "amanda") -> Reply:
    (reply,) = (await talk.say(who, f"/eng allocate_agents {text}")).replies
    return reply


async def newest(talk: Talk, story: str) -> object:
    async with talk.database.transaction(talk.tenant) as tx:
        return await newest_work(tx, story)


async def spent(talk: Talk, story: str, cost: str | None) -> str:
    """A move whose call to the model cost so much; the run of the story's work."""
    async with talk.database.transaction(talk.tenant) as tx:
        found = await newest_work(tx, story)
        assert found is not None
        move = Made(1, Move("list_files", {}, "a.py"), None, "d", 100, 10, Decimal(cost or 0))
        await keep_move(tx, found[1].id, move)
        tx.add(
            ModelUseRow(
                run=found[1].id,
                subject=found[1].id,
                role="backend_engineer",
                model="m",
                input_tokens=100,
                output_tokens=10,
                cost=None if cost is None else Decimal(cost),
            )
        )
        return found[1].id


async def test_its_message_says_what_it_cost_of_its_budget(talk: Talk, story: str) -> None:
    reply = await asked(talk, f"put an agent on {story} in orders")
    assert "In work" in reply.text, reply.text
    await spent(talk, story, "1.25")
    reply = await asked(talk, f"put an agent on {story} in orders", "david")
    assert reply.text.startswith("Amanda Reyes-Holt put an agent on it already.")
    fields = next(block for block in reply.cards[0].blocks if isinstance(block, Fields))
    assert dict(fields.pairs)["Cost"] == "$1.25 of $5.00"
    facts = {fact.id: fact.value for fact in reply.facts}
    assert (facts["story_cost"], facts["story_budget"], facts["story_moves"]) == (
        Decimal("1.25"),
        Decimal("5.00"),
        1,
    )


async def test_its_message_shows_the_budget_that_was_set_and_no_zero_for_an_unknown_price(
    talk: Talk, story: str
) -> None:
    await talk.say("amanda", "/configure_agent give the backend engineer a budget of $2.50 a story")
    await asked(talk, f"put an agent on {story} in orders")
    await spent(talk, story, None)
    reply = await asked(talk, f"put an agent on {story} in orders", "david")
    fields = next(block for block in reply.cards[0].blocks if isinstance(block, Fields))
    assert dict(fields.pairs)["Cost"] == "110 tokens without a known price of $2.50"
    facts = {fact.id: fact.value for fact in reply.facts}
    assert (facts["story_cost"], facts["story_budget"]) == (None, Decimal("2.50"))


async def test_it_is_paused_and_cancelled_like_any_run(talk: Talk, story: str) -> None:
    reply = await asked(talk, f"put an agent on {story} in orders")
    assert set(buttons(reply)) == {"pause_run", "cancel_run"}
    run = await spent(talk, story, "0")
    (said,) = (await talk.press("sarah", "pause_run", run)).replies
    assert "is to pause for who asked for it or answers for it" in said.text
    async with talk.database.transaction(talk.tenant) as tx:
        answers = (await story_work(tx, run)).answers
    assert answers not in ("sarah", "amanda")
    (said,) = (await talk.press(answers, "pause_run", run)).replies
    assert "is paused" in said.text
    async with talk.database.transaction(talk.tenant) as tx:
        assert (await tx.execute(select(RunRow.state).where(RunRow.id == run))).scalar() == "paused"


async def test_where_nothing_says_the_repository_it_is_asked(talk: Talk, story: str) -> None:
    theirs = (
        await talk.tracker.create_story(
            grant("g2"), draft("Count it", description="I want a number.", team="gamma")
        )
    ).id
    reply = await asked(talk, f"put an agent on {theirs}")
    assert reply.text == f"In which repository is {theirs} to be written? Nothing of it says so."
    assert await newest(talk, theirs) is None


async def test_a_story_that_is_only_like_what_was_said_is_asked_about(talk: Talk, story: str) -> None:
    reply = await asked(talk, "put an agent on pieces")
    assert reply.text == f"Do you mean {story}, “Count the pieces”? I put no agent on anything yet."
    assert await newest(talk, story) is None
    (pressed,) = (await talk.press("amanda", "ask", buttons(reply)["ask"].subject)).replies
    assert pressed.text.startswith(f"In work: {story}")


async def test_a_repository_that_a_story_names_need_not_be_said(talk: Talk, story: str) -> None:
    reply = await asked(talk, f"put an agent on {story}")
    assert reply.text.startswith(f"In work: {story}")
    assert "Which story?" in (await asked(talk, "put an agent on it")).text
