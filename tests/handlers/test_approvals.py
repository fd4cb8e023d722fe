"""Approvals in conversation: what waits for whom, every click answered, cards without buttons after."""

from __future__ import annotations

from datetime import timedelta

import pytest

from governance.actions.access import give_role
from governance.approvals.asking import look
from governance.effects import effects_of
from governance.people import Role
from tests.handlers.conftest import Talk, buttons
from tests.handlers.deployment import deploy


async def _waiting_deployment(talk: Talk, by: str = "leila") -> str:
    submitted = await talk.submit(deploy("orders", "2.3.1"), by)
    assert submitted.approval is not None
    return submitted.approval


async def test_what_waits_is_shown_to_whoever_may_decide(talk: Talk) -> None:
    approval = await _waiting_deployment(talk)
    for person, waits in {
        "david": True, "amanda": True, "nathan": True, "carlos": False, "rachel": False, "leila": False,
    }.items():  # fmt: skip
        (reply,) = (await talk.say(person, "/approvals", thread=person)).replies
        assert ("approve" in buttons(reply)) is waits, person
        assert ("orders 2.3.1" in reply.text) is (waits or person == "leila")
    assert approval


async def test_a_card_says_all_that_a_decision_needs(talk: Talk) -> None:
    await _waiting_deployment(talk)
    ((reply, people),) = await talk.notices("approval_requested")
    assert reply is not None
    shown = repr(reply)
    for part in (
        "Leila Farrokh",
        "Deploy orders 2.3.1",
        "fixes the export",
        "orders restarts",
        "roll back",
        "none",
    ):
        assert part in shown
    assert set(buttons(reply)) == {"approve", "deny", "emergency_approval"}
    assert "nathan" in people
    assert "leila" not in people


async def test_every_click_is_answered(talk: Talk) -> None:
    approval = await _waiting_deployment(talk)
    (own,) = (await talk.press("leila", "approve", approval)).replies
    assert "your own vote does not count" in own.text
    (none,) = (await talk.press("rachel", "approve", approval)).replies
    assert "Your roles do not decide" in none.text
    assert "SRE lead" in none.text
    (done,) = (await talk.press("nathan", "approve", approval)).replies
    assert "You approved" in done.text
    (late,) = (await talk.press("amanda", "approve", approval)).replies
    assert "already approved by Nathan" in late.text
    (again,) = (await talk.press("nathan", "deny", approval)).replies
    assert "already approved" in again.text
    (unknown,) = (await talk.press("nathan", "approve", "ap_0000000000")).replies
    assert "There is no approval" in unknown.text


async def test_a_closed_card_has_no_buttons_and_goes_to_everybody_who_was_asked(talk: Talk) -> None:
    approval = await _waiting_deployment(talk)
    await talk.press("nathan", "deny", approval, {"reason": "not on a Friday"})
    ((reply, people),) = await talk.notices("approval_closed")
    assert reply is not None
    assert reply.key == approval
    assert not buttons(reply)
    assert "Denied by Nathan" in reply.text
    assert "nathan" in people
    async with talk.desk() as desk:
        (effect,) = await effects_of(desk.tx, approval)
        assert effect.state == "withdrawn"


async def test_two_people_are_needed_and_one_does_not_count_twice(talk: Talk) -> None:
    asked = await talk.submit(give_role("nathan", Role.ARCHITECT, "designs"), "carlos")
    approval = asked.approval or ""
    (first,) = (await talk.press("carlos", "approve", approval)).replies
    assert "Still needed: the engineering director" in first.text
    (twice,) = (await talk.press("carlos", "approve", approval)).replies
    assert "already" in twice.text
    refreshed = [reply for reply, _ in await talk.notices("approval_requested") if reply is not None]
    assert all("approved" in repr(reply.cards) for reply in refreshed)
    (second,) = (await talk.press("amanda", "approve", approval)).replies
    assert "You and Carlos" in second.text


async def test_an_expired_approval_says_so(talk: Talk) -> None:
    approval = await _waiting_deployment(talk)
    talk.now += timedelta(days=4)
    (late,) = (await talk.press("nathan", "approve", approval)).replies
    assert "expired" in late.text
    async with talk.desk() as desk:
        await look(desk.tx, approval, talk.now)
    closed = await talk.notices("approval_closed")
    assert closed
    assert all(reply is not None and "Expired" in reply.text for reply, _ in closed)


@pytest.mark.parametrize(
    ("words", "decided"),
    [
        ("approve {id}", "approved"),
        ("deny {id} because the tests are red", "denied"),
        ("should I approve {id}?", None),
        ("approve {id} but only if it rains", None),
        ("approve the orders deployment", None),
    ],
)
async def test_outside_its_thread_only_plain_words_with_the_id_decide(
    talk: Talk, words: str, decided: str | None
) -> None:
    approval = await _waiting_deployment(talk)
    (reply,) = (await talk.say("nathan", f"/approvals {words.format(id=approval)}", thread="other")).replies
    async with talk.desk() as desk:
        from governance.approvals.store import approval_row

        status = (await approval_row(desk.tx, approval)).status
    assert status == (decided or "open")
    if decided is None:
        assert "approve" in buttons(reply)


async def test_others_do_not_see_an_approval_by_its_id(talk: Talk) -> None:
    asked = await talk.submit(give_role("nathan", Role.ARCHITECT, "designs"), "carlos")
    (reply,) = (await talk.say("rachel", f"/approvals {asked.approval}", thread="dm")).replies
    assert "designs" not in repr(reply)


async def test_the_reason_of_a_denial_reaches_whoever_asked(talk: Talk) -> None:
    approval = await _waiting_deployment(talk)
    await talk.press("nathan", "deny", approval, {"reason": "The pipeline\nis red"})
    ((card, _),) = await talk.notices("approval_closed")
    assert card is not None
    assert "Denied by Nathan Adebayor: “The pipeline is red”. Nothing was done." in card.text
    assert "The pipeline is red" in repr(card.cards)


async def test_a_denial_without_a_reason_says_who_denied_it(talk: Talk) -> None:
    approval = await _waiting_deployment(talk)
    await talk.press("nathan", "deny", approval, {"reason": " "})
    ((card, _),) = await talk.notices("approval_closed")
    assert card is not None
    assert "Denied by Nathan Adebayor. Nothing was done." in card.text
