"""Decisions that are written: the later cases."""

from __future__ import annotations

from sqlalchemy import select

from governance.approvals.decision import Status
from governance.approvals.store import approval_row
from governance.tables import ApprovalRow, EffectRow
from tests.handlers.conftest import Talk
from tests.handlers.conversation.test_written_decisions import AGENT, open_list, status_of
from tests.handlers.deployment import deploy


async def test_a_judgement_is_asked_about_with_what_may_be_meant(talk: Talk) -> None:
    whole = await open_list(talk, "2.3.1", "2.3.2")
    answer = await talk.say("nathan", "do the cheap ones")
    assert "Which one do you mean? 1. Deploy orders 2.3.1 to production; 2." in answer.replies[0].text
    assert await status_of(talk, whole) is Status.OPEN
    first = next(
        button for card in answer.replies[0].cards for block in card.blocks
        for button in getattr(block, "buttons", ()) if button.label == "Approve 1"
    )  # fmt: skip
    await talk.press("nathan", first.verb, first.subject)
    assert await status_of(talk, whole) is Status.SUPERSEDED


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
        left = (await tx.execute(select(ApprovalRow).where(ApprovalRow.status == "open"))).scalar_one()
        states = dict([tuple(row) for row in await tx.execute(select(EffectRow.state, EffectRow.approval))])
        going = (await tx.execute(select(EffectRow.body).where(EffectRow.approval == new.id))).scalars().all()
    assert (old.status, new.status) == ("superseded", "approved")
    assert {body["version"] for body in going} == {"2.3.1", "2.3.3"}
    assert states == {"withdrawn": whole, "ready": new.id, "parked": left.id}


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
