"""What comes first: set by the product owner, asked for by customer success."""

from __future__ import annotations

from dataclasses import replace

import pytest

from governance.directory import person_by_id
from governance.places import Audience, Place
from handlers.conversation.cards import Reply, Table
from handlers.conversation.handler import Asked, CannotAnswer
from handlers.conversation.memory import Memory
from handlers.conversation.turn import Said, Turn
from handlers.delivery.prioritise.handler import answer
from handlers.delivery.prioritise.parse import read_priorities
from integrations.tracker import Priority
from tests.handlers.conftest import buttons
from tests.handlers.product.conftest import MARKER, Product

SET = ("tracker.set_priority", "tracker.set_priorities")


async def _say(product: Product, person: str, words: str) -> Reply:
    (reply,) = (await product.talk.say(person, f"/prioritise {words}")).replies
    return reply


async def _directly(product: Product, person: str, words: str) -> Reply:
    """Said in a direct message."""
    async with product.talk.desk(Memory("console:dm:t")) as desk:
        place = Place("console", f"dm-{person}", "t", Audience.DIRECT)
        who = await person_by_id(desk.tx, person)
        turn = Turn(
            product.talk.tenant, "tu_dm", f"console:{person}", who, place, product.talk.now, Said(words)
        )
        try:
            return await answer(turn, Asked("prioritise", words, 1.0), replace(desk, ordered=True))
        except CannotAnswer as cannot:
            return Reply(text=str(cannot))


@pytest.mark.parametrize(
    ("words", "now", "target"),
    [
        ("bump CARD-1 to P0", "P2", "P0"),
        ("set priority of CARD-1 to P1", "P3", "P1"),
        ("make the SSO integration top priority", "P2", "P0"),
        ("raise the priority of the billing bug", "P2", "P1"),
        ("lower the priority of gift cards", "P1", "P2"),
        ("drop dark mode to the bottom of the backlog", "P1", "P3"),
        ("deprioritise the wishlist", "P3", "P3"),
        ("can we prioritise the SSO work", "P0", "P0"),
    ],
)
def test_words_become_a_priority(words: str, now: str, target: str) -> None:
    said = read_priorities(words)
    assert not said.ranks
    assert said.target(Priority(now)) is Priority(target)


@pytest.mark.parametrize(
    "words",
    [
        "what comes first in the backlog",
        "what should come first, search or export?",
        "move the export feature ahead of dark mode",
        "checkout stability is more important than new features",
        "which stories matter most right now",
        "rank the backlog by ROI",
    ],
)
def test_questions_of_order_set_nothing(words: str) -> None:
    assert read_priorities(words).ranks


async def test_the_owner_sets_one_story(product: Product) -> None:
    await _say(product, "david", "bump CARD-5 to P1")
    (effect,) = await product.effects(*SET)
    assert (effect.state, effect.body["priority"], effect.body["was"]) == ("ready", "P1", "P3")


async def test_a_feature_named_in_words_is_asked_back_and_set_as_one(product: Product) -> None:
    reply = await _say(product, "david", "make the refunds top priority")
    assert "Set 2 open stories of “Refunds by self-service” (EPIC-1) to P0?" in reply.text
    assert await product.effects(*SET) == []
    pressed = buttons(reply)["ask"]
    await product.talk.press("david", "ask", pressed.subject)
    (effect,) = await product.effects(*SET)
    assert effect.state == "ready"
    assert [(s["story"], s["priority"], s["was"]) for s in effect.body["stories"]] == [
        ("CARD-2", "P0", "P2"),
        ("CARD-3", "P0", "P2"),
    ]


async def test_a_question_of_order_is_answered_with_the_working(product: Product) -> None:
    reply = await _say(product, "david", "what comes first?")
    assert await product.effects(*SET) == []
    assert reply.restricted
    table = next(block for card in reply.cards for block in card.blocks if isinstance(block, Table))
    assert [row[1] for row in table.rows] == [
        "Refunds by self-service (EPIC-1)",
        f"Payment plumbing {MARKER} (EPIC-2)",
    ]
    values = {fact.id: fact.value for fact in reply.facts}
    # (1 + 950,000 / 100,000) x 2, for a need within 90 days, / (40 hours / 100)
    assert values["EPIC-1.score"] == 52.5
    assert values["EPIC-1.revenue"] == 950_000
    # 1 x 2, for the need names one of its stories, / (40 hours / 100)
    assert values["EPIC-2.score"] == 5.0


async def test_nothing_open_to_change_is_said(product: Product) -> None:
    assert "P2 already" in (await _say(product, "david", "set CARD-2 to P2")).text
    assert "no open story" in (await _say(product, "david", "bump CARD-1 to P0")).text
    assert await product.effects(*SET) == []


async def test_customer_success_asks_with_the_business_case(product: Product) -> None:
    in_public = await _say(product, "rachel", "can we prioritise EPIC-1")
    assert "Ask me in a direct message" in in_public.text
    reply = await _directly(product, "rachel", "can we prioritise the refunds by self-service?")
    (effect,) = await product.effects(*SET)
    assert effect.state == "parked"
    assert effect.body["story"] == "CARD-2"  # the only open one that her customers wait for
    why = effect.body["rationale"]
    assert "Acme Corp ($500,000.00 a year, renews 14 May 2027, needs it by 31 Jan 2027)" in why
    assert MARKER not in why
    assert reply.restricted
    values = {fact.id: fact.value for fact in reply.facts}
    assert values["waiting.arr"] == 500_000
    assert MARKER not in repr(reply)
    await product.talk.press("david", "approve", effect.approval or "")
    (effect,) = await product.effects(*SET)
    assert effect.state == "ready"


async def test_customer_success_cannot_reach_what_is_not_theirs(product: Product) -> None:
    for words in ("CARD-4 to P0", "EPIC-2 to P0", "prioritise payment plumbing", "raise CARD-8"):
        reply = await _directly(product, "rachel", words)
        assert MARKER not in repr(reply)
    assert await product.effects(*SET) == []


async def test_engineers_do_not_set_what_comes_first(product: Product) -> None:
    for person in ("mei.tanemori", "nathan", "carlos"):
        reply = await _say(product, person, "bump CARD-5 to P0")
        assert "product owner or customer success" in reply.text
    assert await product.effects(*SET) == []
