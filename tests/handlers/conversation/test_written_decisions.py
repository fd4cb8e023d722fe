"""Written decisions in a thread: counted when unmistakable, asked back otherwise, never guessed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from governance.approvals.decision import Status
from governance.approvals.store import approval_row, state_of
from governance.effects import Origin
from governance.people import Actor
from governance.places import Audience, Place
from governance.tables import ApprovalRow, EffectRow
from handlers.conversation.origin import place_json
from tests.handlers.conftest import Talk, buttons
from tests.handlers.deployment import deploy

AGENT = Actor("agent", "sre", on_behalf_of="david")


async def open_list(talk: Talk, *versions: str) -> str:
    """One approval for several deployments, asked for in the thread."""
    place = place_json(Place("console", "engineering", "t1", Audience.DEPARTMENT))
    async with talk.database.transaction(talk.tenant) as tx:
        made = await talk.gate.submit_all(
            tx, [deploy("orders", version) for version in versions], actor=AGENT, origin=Origin(None, place)
        )
    assert made[0].approval is not None
    return made[0].approval


async def status_of(talk: Talk, approval: str) -> Status:
    async with talk.database.transaction(talk.tenant) as tx:
        return state_of(await approval_row(tx, approval)).status


async def test_an_unmistakable_approval_counts_and_sets_the_action_going(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    assert submitted.approval is not None
    answer = await talk.say("amanda", "Approve with notification on blockers")
    assert "approved" in answer.replies[0].text
    async with talk.database.transaction(talk.tenant) as tx:
        row = await approval_row(tx, submitted.approval)
        effect = (await tx.execute(select(EffectRow).where(EffectRow.id == submitted.effect))).scalar_one()
    assert (row.status, row.notifications, effect.state) == ("approved", ["blockers"], "ready")


@pytest.mark.parametrize(
    "words",
    [
        "should I approve this?",
        "don't approve it yet, I am thinking",
        "Nathan would approve that",
        "if I approve this, what happens?",
        "I approved the last one on Friday",
        "yeah right, approve it",
        "I approve of the new coffee machine",
    ],
)
async def test_doubtful_words_are_no_vote(talk: Talk, words: str) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    await talk.say("amanda", words)
    assert submitted.approval is not None
    assert await status_of(talk, submitted.approval) is Status.OPEN


async def test_a_condition_that_can_be_told_is_bound_to_the_vote(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    answer = await talk.say("amanda", "approve, but not before 8 pm today")
    assert submitted.approval is not None
    async with talk.database.transaction(talk.tenant) as tx:
        state = state_of(await approval_row(tx, submitted.approval))
    assert [str(condition) for condition in state.conditions] == ["time >= 2026-11-24 01:00:00+00:00"]
    assert state.status is Status.OPEN
    text = answer.replies[0].text
    assert "is kept with its condition" in text
    assert "it is Mon 23 Nov 2026, 20:00 EST or later" in text
    assert "Now: it is Mon 23 Nov 2026, 10:00 EST" in text


async def test_a_condition_that_holds_sets_the_action_going(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    answer = await talk.say("amanda", "yes unless deployments are frozen")
    assert submitted.approval is not None
    assert await status_of(talk, submitted.approval) is Status.APPROVED
    assert "The condition holds now: deployments is not frozen" in answer.replies[0].text


@pytest.mark.parametrize(
    "words", ["approve if the load test passes", "approve if all tests are green", "ok once CARD-1202 is done"]
)
async def test_a_condition_on_what_nothing_establishes_is_refused_when_it_is_said(
    talk: Talk, words: str
) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    answer = await talk.say("amanda", words)
    assert submitted.approval is not None
    async with talk.database.transaction(talk.tenant) as tx:
        state = state_of(await approval_row(tx, submitted.approval))
    assert (state.status, state.votes) == (Status.OPEN, ())
    text = answer.replies[0].text
    assert "Nothing here can tell" in text
    assert "What I can check for it: the time and the day of the week, who else approves" in text
    assert set(buttons(answer.replies[0])) == {"approve", "deny"}


async def test_the_nearest_form_is_asked_about_and_taken_by_its_button(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    answer = await talk.say("amanda", "approve if leila is happy with it")
    assert submitted.approval is not None
    assert "Approve if Leila Farrokh approves it too?" in answer.replies[0].text
    assert await status_of(talk, submitted.approval) is Status.OPEN
    pressed = buttons(answer.replies[0])
    assert pressed["leave_open"].label == "No"
    given = next(
        button for card in answer.replies[0].cards for block in card.blocks
        for button in getattr(block, "buttons", ()) if button.label == "Yes, with that"
    )  # fmt: skip
    said = await talk.press("amanda", given.verb, given.subject)
    assert "Leila Farrokh has not answered yet" in said.replies[0].text
    await talk.say("leila", "approve")
    assert await status_of(talk, submitted.approval) is Status.APPROVED


async def test_no_to_the_nearest_form_decides_nothing(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    answer = await talk.say("amanda", "approve if leila is happy with it")
    button = buttons(answer.replies[0])["leave_open"]
    said = await talk.press("amanda", button.verb, button.subject)
    assert "Nothing is decided" in said.replies[0].text
    assert submitted.approval is not None
    assert await status_of(talk, submitted.approval) is Status.OPEN


async def test_every_part_of_a_condition_is_bound(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    await talk.say("amanda", "approve if Leila approves too, and not on a friday")
    assert submitted.approval is not None
    async with talk.database.transaction(talk.tenant) as tx:
        (condition,) = state_of(await approval_row(tx, submitted.approval)).conditions
    assert str(condition) == "approved_by(leila) is true and not (weekday is friday)"


@pytest.mark.parametrize(
    "words",
    [
        "deny if Leila approves",
        "no if Leila approves",
        "deny unless Leila approves",
        "nope, unless Leila approves",
        "reject only on production",
    ],
)
async def test_a_denial_under_a_condition_asks(talk: Talk, words: str) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    answer = await talk.say("amanda", words)
    assert submitted.approval is not None
    assert await status_of(talk, submitted.approval) is Status.OPEN
    assert "waits for nothing" in answer.replies[0].text
    assert {"deny", "leave_open"} <= set(buttons(answer.replies[0]))


async def test_a_denial_under_a_condition_offers_the_approval_that_says_the_same(talk: Talk) -> None:
    await talk.submit(deploy("orders", "2.3.1"), AGENT)
    unless = await talk.say("amanda", "deny unless Leila approves")
    assert "Did you mean: approve if Leila Farrokh approves it too?" in unless.replies[0].text
    when = await talk.say("amanda", "deny if Leila approves")
    assert "Did you mean: approve if Leila Farrokh does not approve it?" in when.replies[0].text


async def test_taking_back_under_a_condition_asks(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    answer = await talk.say("david", "cancel it if Rachel objects")
    assert submitted.approval is not None
    assert await status_of(talk, submitted.approval) is Status.OPEN
    button = buttons(answer.replies[0])["take_back"]
    await talk.press("david", button.verb, button.subject)
    assert await status_of(talk, submitted.approval) is Status.WITHDRAWN


async def test_why_something_is_denied_is_kept_without_the_denial(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    await talk.say("amanda", "deny it, wrong budget")
    assert submitted.approval is not None
    async with talk.database.transaction(talk.tenant) as tx:
        state = state_of(await approval_row(tx, submitted.approval))
    assert (state.status, state.reason) == (Status.DENIED, "wrong budget")


async def test_a_condition_that_nobody_can_check_is_asked_back(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    answer = await talk.say("amanda", "approve if the customer is happy")
    assert submitted.approval is not None
    assert await status_of(talk, submitted.approval) is Status.OPEN
    assert set(buttons(answer.replies[0])) == {"approve", "deny"}


async def two_open(talk: Talk) -> tuple[str, str]:
    first = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    talk.now += timedelta(minutes=1)
    second = await talk.submit(deploy("search", "1.9.2"), AGENT)
    assert first.approval is not None
    assert second.approval is not None
    return first.approval, second.approval


@pytest.mark.parametrize("words", ["approve", "yes", "deny", "yes to the big one", "approve the export"])
async def test_with_two_open_proposals_what_names_none_of_them_is_asked_about(talk: Talk, words: str) -> None:
    both = await two_open(talk)
    answer = await talk.say("amanda", words)
    for approval in both:
        assert await status_of(talk, approval) is Status.OPEN
    if words != "approve the export":
        assert (
            "Which one do you mean? 1. Deploy orders 2.3.1 to production; 2. Deploy search"
            in answer.replies[0].text
        )


@pytest.mark.parametrize(
    ("words", "first", "second"),
    [
        ("approve the orders one, not search", Status.APPROVED, Status.OPEN),
        ("yes to search, rest can wait", Status.OPEN, Status.APPROVED),
        ("orders is fine. search, no", Status.APPROVED, Status.DENIED),
        ("first yes, second no", Status.APPROVED, Status.DENIED),
        ("search ok, the other one i need to talk to leila first", Status.OPEN, Status.APPROVED),
        ("no to search", Status.OPEN, Status.DENIED),
        ("approve 2", Status.OPEN, Status.APPROVED),
        ("deny orders because it is too early", Status.DENIED, Status.OPEN),
        ("should we approve orders?", Status.OPEN, Status.OPEN),
        ("leila said approve orders", Status.OPEN, Status.OPEN),
        ("approve orders, maybe search too", Status.OPEN, Status.OPEN),
    ],
)
async def test_each_of_several_is_decided_where_it_is_named(
    talk: Talk, words: str, first: Status, second: Status
) -> None:
    orders, search = await two_open(talk)
    answer = await talk.say("amanda", words)
    assert (await status_of(talk, orders), await status_of(talk, search)) == (first, second)
    decided = {first, second} != {Status.OPEN}
    left = [name for name, status in (("orders", first), ("search", second)) if status is Status.OPEN]
    if decided and left:
        assert f"Still open: “Deploy {left[0]}" in answer.replies[-1].text


async def test_all_is_asked_about_once_by_name_and_a_yes_answers(talk: Talk) -> None:
    both = await two_open(talk)
    asked = await talk.say("amanda", "all yes")
    assert "Do you mean “Deploy orders 2.3.1 to production” and “Deploy search 1.9.2" in asked.replies[0].text
    for approval in both:
        assert await status_of(talk, approval) is Status.OPEN
    await talk.say("amanda", "yes both")
    for approval in both:
        assert await status_of(talk, approval) is Status.APPROVED


async def test_a_yes_after_something_else_was_said_answers_nothing(talk: Talk) -> None:
    both = await two_open(talk)
    await talk.say("amanda", "all yes")
    await talk.say("amanda", "/help")
    await talk.say("amanda", "what is the weather like")
    await talk.say("amanda", "yes both")
    for approval in both:
        assert await status_of(talk, approval) is Status.OPEN


async def test_numbers_mean_the_list_that_was_shown(talk: Talk) -> None:
    orders, search = await two_open(talk)
    shown = await talk.say("amanda", "/approvals", thread="dm")
    assert "1. Deploy orders 2.3.1 to production; 2. Deploy search" in shown.replies[0].text
    await talk.say("amanda", "2 yes", thread="dm")
    assert (await status_of(talk, orders), await status_of(talk, search)) == (Status.OPEN, Status.APPROVED)


async def test_ids_in_a_message_are_what_it_is_about(talk: Talk) -> None:
    orders, search = await two_open(talk)
    await talk.say("amanda", f"approve {orders}, deny {search}", thread="elsewhere")
    assert (await status_of(talk, orders), await status_of(talk, search)) == (Status.APPROVED, Status.DENIED)


async def test_an_item_of_a_list_is_denied_alone(talk: Talk) -> None:
    whole = await open_list(talk, "2.3.1", "2.3.2", "2.3.3")
    answer = await talk.say("nathan", "reject 2, the tests are red")
    assert await status_of(talk, whole) is Status.SUPERSEDED
    async with talk.database.transaction(talk.tenant) as tx:
        left = (await tx.execute(select(ApprovalRow).where(ApprovalRow.status == "open"))).scalar_one()
        effects = (
            (await tx.execute(select(EffectRow.body).where(EffectRow.approval == left.id))).scalars().all()
        )
    assert {body["version"] for body in effects} == {"2.3.1", "2.3.3"}
    text = answer.replies[0].text
    assert "You denied “Deploy orders 2.3.2 to production”: the tests are red" in text
    assert "Still open: “Deploy orders 2.3.1" in text


async def test_whoever_may_not_decide_takes_no_list_apart(talk: Talk) -> None:
    whole = await open_list(talk, "2.3.1", "2.3.2")
    for words in ("reject 2", "approve 1"):
        answer = await talk.say("rachel", words)
        assert "Your roles do not decide" in answer.replies[0].text
        assert await status_of(talk, whole) is Status.OPEN
