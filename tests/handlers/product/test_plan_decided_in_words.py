"""An open plan spoken about in words: conditions on what it takes, and changes that are shown before they
are made."""

from __future__ import annotations

import pytest
from sqlalchemy import delete

from agents.plans.rows import changes_of, draft_of
from governance.approvals.decision import Status
from governance.approvals.store import approval_row, state_of
from handlers.conversation.cards import Reply
from integrations.tracker.vendors.local.history import History, take_over
from integrations.tracker.vendors.local.tables import CounterRow
from storage.database import Database
from tests.handlers.conftest import buttons
from tests.handlers.product.conftest import Product
from tests.handlers.product.test_replanning import sprints_to_come, work_done

BUILD = "/build_feature Build the customer dashboard feature from PRD-2025-Q1-Dashboard"


async def _status(product: Product) -> Status:
    plan = await product.plan()
    assert plan.approval is not None
    async with product.talk.database.transaction(product.talk.tenant) as tx:
        return state_of(await approval_row(tx, plan.approval)).status


async def _say(product: Product, words: str, who: str = "david") -> Reply:
    (reply,) = (await product.talk.say(who, words)).replies
    return reply


@pytest.fixture
async def proposed(product: Product) -> Product:
    await product.talk.say("david", BUILD)
    await product.draft()
    return product


CHANGES = [
    ("modify the plan: start on 14 December 2026", "Start: not before 14 Dec 2026 (now ", None),
    ("ok but without S13 and only 300 hours", "Left out: S13 ", "Agent-hours: at most 300 agent-hours (now "),
    ("approve it but leave out S3 and S4", "Left out: S3 ", None),
    ("can we start in january 2027?", "Start: not before 1 Jan 2027", None),
    ("drop S2", "Left out: S2 ", None),
    ("yes, only 250 hours", "Agent-hours: at most 250 agent-hours", None),
]


@pytest.mark.parametrize(("words", "first", "second"), CHANGES)
async def test_a_change_is_shown_as_old_and_new_with_one_button(
    proposed: Product, words: str, first: str, second: str | None
) -> None:
    reply = await _say(proposed, words)
    assert first in reply.text, reply.text
    assert second is None or second in reply.text, reply.text
    pressed = buttons(reply)
    assert "approve" not in pressed, "never the unchanged plan's"
    assert pressed["change_plan"].label == "Work it out anew"
    assert await _status(proposed) is Status.OPEN
    assert changes_of(await proposed.plan()).only_notifies, "nothing is changed yet"


async def test_the_button_works_the_plan_out_anew(proposed: Product) -> None:
    reply = await _say(proposed, "ok but without S13 and only 300 hours")
    button = buttons(reply)["change_plan"]
    await proposed.talk.press("david", button.verb, button.subject)
    plan = await proposed.plan()
    changes = changes_of(plan)
    assert (changes.drop, changes.budget_hours, plan.state) == (("S13",), 300.0, "drafting")
    await proposed.draft()
    again = await _say(proposed, "put S13 back in")
    assert "In again: S13 " in again.text


async def test_a_length_is_what_has_room_in_it(proposed: Product) -> None:
    draft = draft_of(await proposed.plan())
    assert draft is not None
    reply = await _say(proposed, "can we do it in 5 weeks")
    assert "No sprint that is planned has room for it" in reply.text
    assert "approve" not in buttons(reply)


async def test_stories_beyond_a_length_are_proposed_to_be_left_out(
    product: Product, database: Database, tenant: str
) -> None:
    async with database.transaction(tenant) as tx:
        await tx.execute(delete(CounterRow).where(CounterRow.kind == "CARD"))
        await take_over(tx, "more work", History((), sprints_to_come(), work_done(), (), ()))
    await product.talk.say("david", BUILD)
    await product.draft()
    proposed = product
    draft = draft_of(await proposed.plan())
    assert draft is not None
    late = [place.story for place in draft.unscheduled]
    assert late, "some of it has no place in the sprints"
    reply = await _say(proposed, "can we do it in 2 weeks")
    assert "In 2 weeks, to " in reply.text
    assert all(key in reply.text for key in late)
    assert buttons(reply)["change_plan"].label == "Work it out anew"
    long = await _say(proposed, "do it in 60 weeks")
    first = min(late, key=lambda key: int(key[1:]))
    assert f"Left out: {first} " in long.text, "what has no place at all has none in any length"


@pytest.mark.parametrize(
    "words",
    [
        "whats the budget, why over the PRD's 320 hours?",
        "when will it start?",
        "what does S13 do without a chart?",
    ],
)
async def test_questions_change_and_decide_nothing(proposed: Product, words: str) -> None:
    for reply in (await proposed.talk.say("david", words)).replies:
        assert "change_plan" not in buttons(reply)
    assert await _status(proposed) is Status.OPEN


async def test_what_is_not_understood_says_what_can_be_changed(proposed: Product) -> None:
    reply = await _say(proposed, "modify the plan: make it nicer")
    assert "I did not understand what should change" in reply.text
    assert "modify" in buttons(reply)


async def test_hours_are_a_condition_and_the_answer_says_both_figures(proposed: Product) -> None:
    draft = draft_of(await proposed.plan())
    assert draft is not None
    reply = await _say(proposed, "ok provided it stays under 300 hours")
    if getattr(draft.budget, "hours", None) is None:
        assert "not enough history" in reply.text
    assert "it takes less than 300 agent-hours" in reply.text
    assert await _status(proposed) is Status.OPEN
    plan = await proposed.plan()
    async with proposed.talk.database.transaction(proposed.talk.tenant) as tx:
        (condition,) = state_of(await approval_row(tx, plan.approval or "")).conditions
    assert str(condition) == "hours < 300"


async def test_a_plan_that_waits_for_a_condition_is_approved_without_it_changed_or_taken_back(
    proposed: Product,
) -> None:
    await _say(proposed, "approve once Amanda approves too")
    assert await _status(proposed) is Status.OPEN
    plan = await proposed.plan()
    card = await proposed.card(plan.id)
    assert "if Amanda Reyes-Holt approves it too (which is not so yet)" in repr(card.cards)
    assert {"approve", "modify", "cancel"} <= set(buttons(card))
    await _say(proposed, "approve")
    assert await _status(proposed) is Status.APPROVED


async def test_a_condition_on_what_a_plan_never_tells_is_refused(proposed: Product) -> None:
    for words in (
        "approve if the load test passes",
        "approve if all tests are green",
        "approve if it costs < 5%",
    ):
        reply = await _say(proposed, words)
        assert "I counted no vote" in reply.text
    assert await _status(proposed) is Status.OPEN
