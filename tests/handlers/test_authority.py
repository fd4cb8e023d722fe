"""Who may decide what, in conversation; why something was ruled so; changing the policy with two votes."""

from __future__ import annotations

import pytest

from governance.policies import active_policy, active_text
from governance.policy_text import row_text
from handlers.conversation.cards import Table
from tests.handlers.conftest import Talk, buttons
from tests.handlers.deployment import deploy


async def _ask(talk: Talk, who: str, text: str, thread: str = "t1") -> str:
    (reply,) = (await talk.say(who, f"/authority {text}", thread=thread)).replies
    return reply.text


async def test_the_matrix_is_printed_as_the_requirements_have_it(talk: Talk) -> None:
    (reply,) = (await talk.say("rachel", "/authority show me the authority matrix")).replies
    (table,) = [block for block in reply.cards[0].blocks if isinstance(block, Table)]
    assert table.columns == ("Decision Type", "Auto-Execute", "Requires Approval", "Human Only")
    assert ("Deployments", "✅ (staging)", "✅ (production)", "-") in table.rows
    assert ("Compliance reports", "✅ (generate)", "-", "✅ (submit)") in table.rows
    assert len(table.rows) == 10


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Who can approve production deployments?", ("Nathan", "Amanda", "David", "never the requester")),
        ("who has to sign off architecture changes", ("engineering director", "Leila Farrokh")),
        ("who may halt the agents", ("engineering director or executive", "Helena Vossberg")),
        ("who's entitled to resume agents", ("compliance officer", "Carlos Benavente")),
        ("who can freeze deployments", ("SRE lead", "Carlos Benavente")),
        ("who is permitted to give out roles", ("engineering director", "compliance officer")),
        ("which decisions are for humans only", ("Compliance reports", "Overrides")),
        ("what can a customer success manager do", ("Record what a customer needs",)),
        ("how many people must approve resource scaling", ("2 different people if cost >= 10000",)),
        ("what are agents allowed to do without asking", ("By itself: Story creation",)),
        ("who can change priorities", ("Priority changes", "product owner")),
        ("who can declare an incident", ("SRE lead",)),
        ("am I allowed to approve my own request", ("It never counts for Code changes, Deployments",)),
        ("what is the approval rule for customer communication", ("Customer communications",)),
        ("who is authorised to send customer communications", ("Rachel", "the requester may")),
    ],
)
async def test_questions_about_who_may(talk: Talk, question: str, parts: tuple[str, ...]) -> None:
    answer = await _ask(talk, "rachel", question)
    for part in parts:
        assert part in answer


async def test_why_something_was_ruled_so(talk: Talk) -> None:
    await talk.submit(deploy("orders", "2.3.1"), "leila")
    assert "I do not know which ruling" in await _ask(talk, "david", "why did this need approval", "empty")
    await talk.press("nathan", "show_approval", (await _approval(talk)), thread="t1")
    why = await _ask(talk, "nathan", "why did this need approval")
    assert "has to approve it first" in why
    assert "Still needed" in why


async def _approval(talk: Talk) -> str:
    (reply, _), *_ = await talk.notices("approval_requested")
    assert reply is not None
    return buttons(reply)["approve"].subject


STRICTER = "requester may vote: no"


async def _row(talk: Talk, name: str) -> str:
    async with talk.desk() as desk:
        return row_text(await active_text(desk.tx, talk.gate.policy), talk.gate.policy, name)


async def test_a_change_is_tried_then_proposed_then_countersigned(talk: Talk) -> None:
    (shown,) = (await talk.say("amanda", "/authority propose to change the rule for role changes")).replies
    form = buttons(shown)["try_row"].form
    assert form is not None
    row = str(form.inputs[0].value).replace("requester may vote: yes", STRICTER)
    values = {"row": row, "reason": "four eyes"}
    (tried,) = (await talk.press("amanda", "try_row", "role_change", values)).replies
    assert "would have been ruled otherwise" in tried.text
    again = buttons(tried)["propose_row"]
    assert again.form is not None
    assert again.form.inputs[0].value == row
    (asked,) = (await talk.press("amanda", "propose_row", "role_change", values)).replies
    approval = buttons(asked)["approve"].subject
    await talk.press("amanda", "approve", approval)
    (done,) = (await talk.press("carlos", "approve", approval)).replies
    assert "approved" in done.text


async def test_the_requirements_cells_cannot_be_changed(talk: Talk) -> None:
    row = await _row(talk, "resource_scaling")
    values = {"row": row.replace("cost < 1000", "cost < 2000").replace(">= 1000", ">= 2000"), "reason": "x"}
    (refused,) = (await talk.press("amanda", "try_row", "resource_scaling", values)).replies
    assert "was changed" in refused.text
    assert "Nothing was changed" in refused.text


async def test_a_row_written_into_the_message_is_tried_at_once(talk: Talk) -> None:
    row = (await _row(talk, "role_change")).replace("requester may vote: yes", STRICTER)
    answer = await _ask(talk, "carlos", f"what if:\n{row}")
    assert "Tried on the last quarter" in answer
    assert "whether the requester may vote was yes, becomes no" in answer


@pytest.mark.parametrize("who", ["david", "nathan", "rachel", "helena"])
async def test_others_read_and_do_not_propose(talk: Talk, who: str) -> None:
    assert "proposes" in await _ask(talk, who, "propose to change the rule for rollbacks")
    (refused,) = (await talk.press(who, "propose_row", "rollbacks", {"row": "- decision: x"})).replies
    assert "proposes" in refused.text
    async with talk.desk() as desk:
        assert await active_policy(desk.tx, talk.gate.policy) is talk.gate.policy
