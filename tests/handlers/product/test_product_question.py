"""Which product a plan is for: asked before the approval, shown with why, changed by a press or in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.plans.rows import changes_of, draft_of
from handlers.conversation.cards import Buttons, Fields, Reply
from tests.handlers.conftest import buttons
from tests.handlers.product.conftest import Folder

DESK = """# Parcel desk

## Requirements

- FR-1: The desk must list the parcels of a house.
- FR-2: The desk must tell a resident when a parcel arrives.
"""
WEB = DESK.replace("# Parcel desk", "# Parcel desk for the web")
TWO = DESK.replace("\n\n## Req", "\n\n**Product:** Checkout, Search\n\n## Req")


def _shown_product(reply: Reply) -> str:
    fields = next(b for card in reply.cards for b in card.blocks if isinstance(b, Fields))
    return str(dict(fields.pairs)["Product"])


async def test_an_unknown_product_is_asked_for_before_anybody_is_asked_to_approve(own: Folder) -> None:
    reply = await own.build(DESK)
    plan = await own.plan()
    assert (plan.state, plan.approval, plan.draft) == ("asking", None, None)
    assert await own.effects("plan.execute") == []
    assert "does not say which of the department's products" in reply.text
    assert "Which product is “Parcel desk” for?" in reply.cards[0].title
    offered = [b for block in reply.cards[0].blocks if isinstance(block, Buttons) for b in block.buttons]
    assert [b.verb for b in offered] == ["plan_product"] * len(offered)
    assert offered[-1].form is not None
    assert {value for value, _ in offered[-1].form.inputs[0].options} >= {"checkout", "search", "payments"}
    (again,) = (await own.talk.say("david", "/build_feature build from PRD-Parcels")).replies
    assert await own.plans() == 1
    assert "Which one is it for?" in again.text


@pytest.mark.parametrize("way", ["button", "form", "words", "more words"])
async def test_the_answer_leads_to_a_proposal_that_is_carried_out_with_that_product(
    own: Folder, way: str
) -> None:
    await own.build(DESK)
    plan = await own.plan()
    match way:
        case "button":
            await own.talk.press("david", "plan_product", f"{plan.id} checkout")
        case "form":
            await own.talk.press("david", "plan_product", plan.id, {"product": "checkout"})
        case "words":
            await own.talk.say("david", "Checkout")
        case _:
            await own.talk.say("david", "it's for the checkout, please")
    assert (await own.plan()).state == "drafting"
    reply = await own.draft()
    plan = await own.plan()
    draft = draft_of(plan)
    assert plan.state == "proposed"
    assert draft is not None
    assert (draft.product, plan.version, plan.previous) == ("checkout", 1, None)
    assert _shown_product(reply) == "Checkout (chosen by a person)"
    (again,) = (await own.talk.press("david", "plan_product", f"{plan.id} search")).replies
    assert "does not wait for its product any more" in again.text


async def test_what_is_no_answer_is_left_to_whoever_it_is_for(own: Folder) -> None:
    await own.build(DESK)
    for words in ("/status checkout", "what is the status of checkout?", "and what would that take"):
        await own.talk.say("david", words)
        assert (await own.plan()).state == "asking"
    (new,) = (await own.talk.say("david", "a new one")).replies
    assert "have it added to the department's file" in new.text
    await own.talk.say("rachel", "Checkout")
    assert (await own.plan()).state == "asking"


async def test_a_plan_that_waits_for_its_product_can_be_cancelled(own: Folder) -> None:
    await own.build(DESK)
    plan = await own.plan()
    (asked,) = (await own.talk.say("david", f"/plan cancel {plan.id}")).replies
    assert "nothing of it was made" in asked.text
    await own.talk.press("david", "cancel_plan_now", plan.id)
    assert (await own.plan()).state == "cancelled"


async def test_two_products_are_asked_about_and_the_named_ones_offered_first(own: Folder) -> None:
    reply = await own.build(TWO)
    assert (await own.plan()).state == "asking"
    assert "The document is for Checkout and Search, and a plan makes one epic" in reply.text
    offered = [b for block in reply.cards[0].blocks if isinstance(block, Buttons) for b in block.buttons]
    assert {b.subject.partition(" ")[2] for b in offered[:2]} == {"checkout", "search"}


async def test_a_stated_product_that_is_none_of_ours_is_not_overruled_by_a_word_of_the_title(
    own: Folder,
) -> None:
    await own.build(WEB.replace("\n\n## Req", "\n\n**Product:** Parcel desk\n\n## Req"))
    plan = await own.plan()
    assert plan.state == "asking"
    assert plan.why == "The document is for “Parcel desk”, which is none of the department's products."


async def test_an_assumed_product_says_so_and_is_changed_by_its_form(own: Folder) -> None:
    reply = await own.build(WEB)
    plan = await own.plan()
    assert _shown_product(reply) == "Storefront (assumed from “web” in the document's title)"
    assert "say “the product is …” for another" in reply.text
    shown = [b for card in reply.cards for bl in card.blocks if isinstance(bl, Buttons) for b in bl.buttons]
    other = next(b for b in shown if b.label == "Another product…")
    assert other.form is not None
    await own.talk.press("david", other.verb, other.subject, {"product": "platform"})
    reply = await own.draft()
    assert _shown_product(reply) == "Developer Platform (chosen by a person)"
    assert "It is for Developer Platform instead of Storefront." in repr(reply.cards)
    assert (await own.plan()).approval != plan.approval


async def test_a_form_that_leaves_the_product_as_it_is_changes_nothing(own: Folder) -> None:
    reply = await own.build(WEB)
    modify = buttons(reply)["modify"]
    (same,) = (await own.talk.press("david", "modify", modify.subject, {"product": "storefront"})).replies
    assert "Nothing differs" in same.text
    assert changes_of(await own.plan()).product == ""


@pytest.mark.parametrize(
    "words", ["the product is Search, not the web", "it is for search", "change the product to Search"]
)
async def test_a_product_is_changed_in_words_after_one_button(own: Folder, words: str) -> None:
    await own.build(WEB)
    (asked,) = (await own.talk.say("david", words)).replies
    assert "Product: Search (now Storefront)." in asked.text
    assert (await own.plan()).state == "proposed"
    press = buttons(asked)["change_plan"]
    await own.talk.press("david", press.verb, press.subject)
    reply = await own.draft()
    assert _shown_product(reply) == "Search (chosen by a person)"


async def test_a_chosen_product_stays_chosen_through_another_change(own: Folder) -> None:
    await own.build(DESK)
    await own.talk.press("david", "plan_product", f"{(await own.plan()).id} search")
    reply = await own.draft()
    await own.talk.press("david", "modify", buttons(reply)["modify"].subject, {"drop": ("S2",)})
    await own.draft()
    draft = draft_of(await own.plan())
    assert draft is not None
    assert (draft.product, [s.key for s in draft.stories]) == ("search", ["S1"])
    assert changes_of(await own.plan()) == replace(changes_of(await own.plan()), product="search", drop=("S2",))
