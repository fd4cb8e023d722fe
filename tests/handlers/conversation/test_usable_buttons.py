"""To one reader no button is shown that could not work for them; whoever it would work for sees it."""

from __future__ import annotations

from datetime import timedelta

from agents.work import runs
from agents.work.kinds import find_kinds
from governance.actions.delegation import delegations_of
from governance.actions.windows import coming_windows
from governance.directory import person_by_id
from governance.overrides.rows import standing_rows
from handlers.catalogue import find_handlers
from handlers.conversation.amending import TAKE_BACK, UNDO
from handlers.conversation.approval_card import decision_buttons
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.usable import _CHECKS, Reader, usable
from tests.handlers.conftest import Talk, buttons
from tests.handlers.deployment import deploy

EVERYBODY = ("amanda", "carlos", "david", "leila", "nathan", "rachel")


async def _sees(talk: Talk, who: str | None, *shown: Button) -> Reply:
    reply = Reply("x", (Card("c", (Text(("words",)), Buttons(shown))),))
    async with talk.desk() as desk:
        person = await person_by_id(desk.tx, who) if who else None
        return await usable(reply, Reader(desk.tx, person, talk.now, desk.modes))


async def _seen_by(talk: Talk, button: Button) -> set[str]:
    return {who for who in EVERYBODY if buttons(await _sees(talk, who, button))}


async def _waiting(talk: Talk, by: str = "leila") -> str:
    submitted = await talk.submit(deploy("orders", "2.3.1"), by)
    assert submitted.approval is not None
    return submitted.approval


async def test_who_cannot_vote_sees_no_buttons_to_vote_with(talk: Talk) -> None:
    approval = await _waiting(talk)
    for button in decision_buttons(approval):
        assert await _seen_by(talk, button) == {"amanda", "david", "nathan"}
    seen = await _sees(talk, "leila", *decision_buttons(approval))
    assert not any(isinstance(block, Buttons) for block in seen.cards[0].blocks)
    assert seen.cards[0].blocks[0] == Text(("words",))
    assert await _seen_by(talk, Button("Emergency…", "emergency_approval", approval)) == {"nathan"}


async def test_once_it_is_decided_there_is_nothing_to_press(talk: Talk) -> None:
    approval = await _waiting(talk)
    await talk.press("nathan", "approve", approval)
    approve, deny = decision_buttons(approval)
    emergency = Button("Emergency…", "emergency_approval", approval)
    for button in (approve, deny, emergency, decision_buttons("ap_0000000000")[0]):
        assert await _seen_by(talk, button) == set()


async def test_whoever_halted_is_not_offered_to_let_the_agents_go_on(talk: Talk) -> None:
    (halted,) = (await talk.say("amanda", "/halt_agents reason: odd commits")).replies
    resume = buttons(halted)["resume_agents"]
    assert await _seen_by(talk, resume) == {"carlos", "leila", "nathan"}
    await talk.press("carlos", "resume_agents", "")
    assert await _seen_by(talk, resume) == set()


async def test_a_freeze_is_lifted_by_those_who_may_lift_this_one(talk: Talk) -> None:
    await talk.say("carlos", "/freeze freeze all deployments, reason: audit")
    async with talk.desk() as desk:
        (row,) = await standing_rows(desk.tx, "freeze")
    lift = Button("Lift the freeze", "lift_freeze", row.id)
    assert await _seen_by(talk, lift) == {"carlos"}
    await talk.press("carlos", "lift_freeze", row.id)
    assert await _seen_by(talk, lift) == set()
    everything = Button("Freeze everything", "ask", "freeze freeze everything")
    deployments = Button("Freeze deployments", "ask", "freeze freeze all deployments")
    assert await _seen_by(talk, everything) == {"carlos"}
    assert await _seen_by(talk, deployments) == {"carlos", "nathan"}


async def test_a_window_is_ended_by_those_who_could_have_opened_it(talk: Talk) -> None:
    await talk.say("nathan", "/window open an incident window for two hours")
    async with talk.desk() as desk:
        (row,) = await coming_windows(desk.tx, talk.now)
    end = Button("End it early", "close_window", row.id)
    assert "nathan" in await _seen_by(talk, end)
    assert not await _seen_by(talk, end) & {"carlos", "david", "rachel"}
    talk.now += timedelta(hours=3)
    assert await _seen_by(talk, end) == set()


async def test_votes_are_taken_back_by_whoever_handed_them_over(talk: Talk) -> None:
    await talk.say("amanda", "/delegate Priya decides for me until Friday")
    async with talk.desk() as desk:
        (row,) = await delegations_of(desk.tx, "amanda", talk.now)
    assert await _seen_by(talk, Button("Take my votes back", "end_delegation", row.id)) == {"amanda"}


async def test_a_load_test_is_stopped_by_whoever_asked_for_it_and_those_who_may_ask_for_one(talk: Talk) -> None:
    async with talk.desk() as desk:
        title = "Load test of orders in staging"
        run = (await runs.begin(desk.tx, find_kinds(), "load_test", title, (), requester="david")).id
    stop = Button("Stop", "stop_load_test", run)
    assert await _seen_by(talk, stop) == {"david", "nathan"}
    refused = (await talk.press("rachel", "stop_load_test", run)).replies
    assert "roles here do not include" in str(refused[0])
    (stopped,) = (await talk.press("david", "stop_load_test", run)).replies
    assert "is being stopped" in stopped.text
    assert await _seen_by(talk, stop) == set()


async def test_what_one_may_not_ask_for_is_not_offered(talk: Talk) -> None:
    entry = Button("Entry 3", "show_entry", "en_1")
    assert "rachel" not in await _seen_by(talk, entry)
    assert "carlos" in await _seen_by(talk, entry)
    assert await _seen_by(talk, Button("Build it", "build_document", "PRD-1")) == {"amanda", "david", "leila"}
    assert await _seen_by(talk, Button("Propose a change", "change_row", "deployments")) == {
        "amanda", "carlos", "leila",
    }  # fmt: skip
    assert await _seen_by(talk, Button("Gone", "a_verb_of_old", "x")) == set()
    assert await _seen_by(talk, Button("Gone", "ask", "a_request_of_old x")) == set()


async def test_somebody_unknown_is_offered_what_anybody_may_ask(talk: Talk) -> None:
    help_, status = Button("What can I ask?", "ask", "help me"), Button("What runs?", "ask", "status now")
    seen = await _sees(talk, None, help_, status, Button("Approve", "approve", "ap_1"))
    assert [b.label for block in seen.cards[0].blocks if isinstance(block, Buttons) for b in block.buttons] == [
        "What can I ask?"
    ]


def test_every_check_is_of_a_verb_that_some_handler_answers() -> None:
    assert set(_CHECKS) <= {verb for handler in find_handlers().values() for verb in handler.presses}


async def test_only_who_did_it_is_offered_to_undo_it_and_only_while_it_stands(talk: Talk) -> None:
    await talk.say("nathan", "/freeze freeze all deployments until friday because of the audit")
    (changed,) = (await talk.say("nathan", "actually until thursday")).replies
    undo = buttons(changed)[UNDO]
    assert undo.label == "Undo"
    assert await _seen_by(talk, undo) == {"nathan"}
    await talk.press("nathan", UNDO, undo.subject)
    assert await _seen_by(talk, undo) == set()
    assert await _seen_by(talk, Button("Take it back", TAKE_BACK, "ac_nothing")) == set()
