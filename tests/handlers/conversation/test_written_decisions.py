"""Written decisions in a thread: counted when unmistakable, asked back otherwise, never guessed."""

from __future__ import annotations

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


async def test_a_condition_that_code_can_check_is_bound_to_the_vote(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    await talk.say("amanda", "approve if the load test passes")
    assert submitted.approval is not None
    async with talk.database.transaction(talk.tenant) as tx:
        state = state_of(await approval_row(tx, submitted.approval))
    assert [str(condition) for condition in state.conditions] == ["load_test_passed is true"]
    assert state.status is Status.APPROVED


async def test_a_condition_that_nobody_can_check_is_asked_back(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    answer = await talk.say("amanda", "approve if the customer is happy")
    assert submitted.approval is not None
    assert await status_of(talk, submitted.approval) is Status.OPEN
    assert set(buttons(answer.replies[0])) == {"approve", "deny"}


async def test_with_two_open_proposals_the_buttons_ask(talk: Talk) -> None:
    first = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    second = await talk.submit(deploy("orders", "2.3.2"), AGENT)
    answer = await talk.say("amanda", "approve")
    assert "More than one" in answer.replies[0].text
    for submitted in (first, second):
        assert submitted.approval is not None
        assert await status_of(talk, submitted.approval) is Status.OPEN


async def test_a_vote_without_the_role_is_refused_and_changes_nothing(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    answer = await talk.say("rachel", "approve")
    assert submitted.approval is not None
    assert await status_of(talk, submitted.approval) is Status.OPEN
    assert "SRE lead" in answer.replies[0].text


async def test_the_requesters_own_written_approval_does_not_count(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    answer = await talk.say("david", "approve")
    assert "your own vote does not count" in answer.replies[0].text
    assert submitted.approval is not None
    assert await status_of(talk, submitted.approval) is Status.OPEN


async def test_choosing_from_a_list_makes_a_narrower_proposal_and_votes_on_it(talk: Talk) -> None:
    whole = await open_list(talk, "2.3.1", "2.3.2", "2.3.3")
    await talk.say("nathan", "approve 1 and 3")
    async with talk.database.transaction(talk.tenant) as tx:
        old = await approval_row(tx, whole)
        new = (await tx.execute(select(ApprovalRow).where(ApprovalRow.supersedes == whole))).scalar_one()
        states = dict([tuple(row) for row in await tx.execute(select(EffectRow.state, EffectRow.approval))])
        going = (await tx.execute(select(EffectRow.body).where(EffectRow.approval == new.id))).scalars().all()
    assert (old.status, new.status) == ("superseded", "approved")
    assert {body["version"] for body in going} == {"2.3.1", "2.3.3"}
    assert states == {"withdrawn": whole, "ready": new.id}


async def test_a_compound_message_is_a_vote_and_a_new_request(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    answer = await talk.say("amanda", "Approved. Add query optimization to the backlog as P0")
    assert submitted.approval is not None
    assert await status_of(talk, submitted.approval) is Status.APPROVED
    assert len(answer.replies) == 2


async def test_the_requester_takes_a_proposal_back(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    answer = await talk.say("david", "cancel that")
    assert submitted.approval is not None
    assert await status_of(talk, submitted.approval) is Status.WITHDRAWN
    assert "taken back" in answer.replies[0].text


async def test_not_yet_leaves_it_open(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    answer = await talk.say("amanda", "not yet")
    assert submitted.approval is not None
    assert await status_of(talk, submitted.approval) is Status.OPEN
    assert "stays open" in answer.replies[0].text


async def test_what_was_decided_stays_decided(talk: Talk) -> None:
    submitted = await talk.submit(deploy("orders", "2.3.1"), AGENT)
    await talk.say("amanda", "approve")
    answer = await talk.say("nathan", "deny")
    assert submitted.approval is not None
    assert await status_of(talk, submitted.approval) is Status.APPROVED
    assert "already approved by Amanda" in answer.replies[0].text
