"""How a plan's document was read: said on the card, listed with reasons, corrected in words, and held to."""

from __future__ import annotations

import pytest

from agents.planning.draft import PlanDraft
from agents.plans.corrections import corrections_of
from agents.plans.rows import changes_of, draft_of
from handlers.conversation.cards import Reply, Table
from tests.handlers.conftest import buttons
from tests.handlers.product.conftest import Folder, Product

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
    ("words", "becomes"),
    [
        ("{} is out of scope", "ruled out"),
        ("{} is not out of scope", "asked for"),
        ("{} is not in scope", "ruled out"),
        ("{} is not for later", "asked for"),
        ("{} is not a requirement", "no requirement"),
        ("{} is in review", None),
        ("{} is out on Monday", None),
        ("{} isn't for later", None),
    ],
)
async def test_a_not_is_never_left_out(proposed: Product, words: str, becomes: str | None) -> None:
    name = (await _draft(proposed)).requirements[0].id
    reply = await _say(proposed, words.format(name))
    assert ("correct_reading" in buttons(reply)) is (becomes is not None), reply.text
    assert becomes is None or f": {becomes} (now" in reply.text


async def test_a_correction_takes_back_what_named_stories_by_their_old_numbers(proposed: Product) -> None:
    change = buttons(await _say(proposed, "without S2 and only 300 hours"))["change_plan"]
    await proposed.talk.press("david", change.verb, change.subject)
    await proposed.draft()
    first = (await _draft(proposed)).requirements[0].id
    asked = await _say(proposed, f"{first} is for later")
    assert "Stories are numbered again" in asked.text
    await _correct(proposed, f"{first} is for later")
    changes = changes_of(await proposed.plan())
    assert (changes.drop, changes.budget_hours) == ((), 300.0)
    after = await _draft(proposed)
    asked_for = {name for story in after.stories for name in story.requirements}
    assert asked_for == {requirement.id for requirement in after.requirements}, "no story is left out"


@pytest.mark.parametrize(
    "words", ["R999 is for later", "is R1 for later?", "line 1 is nice", "R1 was fun to write"]
)
async def test_what_names_nothing_or_asks_corrects_nothing(proposed: Product, words: str) -> None:
    before = await _draft(proposed)
    assert "correct_reading" not in buttons(await _say(proposed, words))
    assert await _draft(proposed) == before


PARCELS = "# Parcels\n\n**Product:** Checkout\n\n## Requirements\n\n"
ONE, TWO, THREE = (
    "- Buyers must see where their parcel is.\n",
    "- The page must list the last ten parcels.\n",
    "- Buyers can name a neighbour who takes the parcel.\n",
)


async def test_an_edited_document_leaves_out_no_other_story(own: Folder) -> None:
    """S1 of the document as it is now is another story than the one that was left out."""
    await own.build(PARCELS + ONE + TWO)
    change = buttons(await _say(own, "drop S1"))["change_plan"]
    (own.folder / "PRD-Parcels.md").write_text(PARCELS + THREE + ONE + TWO)
    await own.talk.press("david", change.verb, change.subject)
    reply = await own.draft()
    draft = await _draft(own)
    assert len(draft.stories) == 3
    assert "The document has changed." in repr(reply.cards)
    again = buttons(await _say(own, "drop S1"))["change_plan"]
    await own.talk.press("david", again.verb, again.subject)
    await own.draft()
    assert [story.key for story in (await _draft(own)).stories] == ["S2", "S3"], "and now it counts"
