"""How a plan's document was read: said on the card, listed with reasons, corrected in words, and held to."""

from __future__ import annotations

import pytest

from agents.planning.draft import PlanDraft
from agents.plans.corrections import corrections_of
from agents.plans.rows import draft_of
from handlers.conversation.cards import Reply, Table
from tests.handlers.conftest import buttons
from tests.handlers.product.conftest import Product

SEARCH = "PRD-2026-Q3-Search"


async def _draft(product: Product) -> PlanDraft:
    draft = draft_of(await product.plan())
    assert draft is not None
    return draft


async def _say(product: Product, words: str) -> Reply:
    (reply,) = (await product.talk.say("david", words)).replies
    return reply


@pytest.fixture
async def proposed(product: Product) -> Product:
    await product.talk.say("david", f"/build_feature build from {SEARCH}")
    await product.draft()
    return product


async def _correct(product: Product, words: str) -> Reply:
    asked = await _say(product, words)
    button = buttons(asked)["correct_reading"]
    (reply,) = (await product.talk.press("david", button.verb, button.subject)).replies
    await product.draft()
    return reply


async def test_the_card_counts_what_was_read_and_opens_the_list(proposed: Product) -> None:
    draft = await _draft(proposed)
    plan = await proposed.plan()
    (reply,) = (await proposed.talk.press("david", "show_reading", plan.id)).replies
    rows = [
        row for card in reply.cards for block in card.blocks if isinstance(block, Table) for row in block.rows
    ]
    assert len(rows) == len(draft.readings) > len(draft.requirements)
    assert all(row[2] and row[4] for row in rows), "each with what it was read as, and why"
    counted = sum(read.account in ("requirement", "constraint") for read in draft.readings)
    assert f"{counted} requirements" in reply.text


async def test_what_somebody_corrects_is_shown_first_then_read_so_and_kept(proposed: Product) -> None:
    before = await _draft(proposed)
    wanted = next(read for read in before.readings if read.account == "requirement")
    asked = await _say(proposed, f"{wanted.requirement} is for later")
    assert f"Line {wanted.line}" in asked.text
    assert "for later (now: asked for)" in asked.text
    assert await _draft(proposed) == before, "nothing is changed by words alone"
    await _correct(proposed, f"{wanted.requirement} is for later")
    after = await _draft(proposed)
    (now,) = [read for read in after.readings if read.statement == wanted.statement]
    assert (now.account, now.why) == ("later", "David Lindqvist said so")
    assert wanted.requirement not in {name for story in after.stories for name in story.requirements}
    talk = proposed.talk
    async with talk.database.transaction(talk.tenant) as tx:
        told = await corrections_of(tx, SEARCH)
    assert {statement: each.sense for statement, each in told.items()} == {wanted.statement: "later"}


async def test_a_line_that_was_not_taken_can_be_asked_for_and_the_last_word_counts(proposed: Product) -> None:
    before = await _draft(proposed)
    left = next(read for read in before.readings if read.account == "context" and len(read.text.split()) > 5)
    await _correct(proposed, f"line {left.line} is a requirement")
    asked = {read.statement: read.account for read in (await _draft(proposed)).readings}
    assert asked[left.statement] == "requirement"
    await _correct(proposed, f"line {left.line} is no requirement")
    again = {read.statement: read.account for read in (await _draft(proposed)).readings}
    assert again[left.statement] != "requirement"


@pytest.mark.parametrize(
    "words", ["R999 is for later", "is R1 for later?", "line 1 is nice", "R1 was fun to write"]
)
async def test_what_names_nothing_or_asks_corrects_nothing(proposed: Product, words: str) -> None:
    before = await _draft(proposed)
    assert "correct_reading" not in buttons(await _say(proposed, words))
    assert await _draft(proposed) == before
