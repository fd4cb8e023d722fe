"""Deciding in Teams: buttons, dialogs, cards that change for everyone, and every press answered."""

from __future__ import annotations

import asyncio
import copy
import json
import uuid
from typing import Any

from bot.teams.answers import NOT_KNOWN
from simulators.teams import Message, activities
from tests.office import TeamsOffice

WORKING = {
    "statusCode": 200,
    "type": "application/vnd.microsoft.activity.message",
    "value": "Working on it…",
}


async def _asked(office: TeamsOffice, who: str) -> tuple[Message, Message]:
    """Amanda asks that somebody become an architect. Returns her card, and that of Carlos, who decides too."""
    await office.answered(await office.person("carlos").says("/whoami"))
    name = office.teams.world.people[who].full_name
    asked = await office.person("amanda").says(f"/access make {name} an architect because we lack one")

    def is_card(each: Message, chat: str) -> bool:
        return each.conversation == chat and name in each.all_text and _is_open(each)

    return (
        await office.teams.wait_for(lambda each: is_card(each, "a:1-amanda"), after=asked),
        await office.teams.wait_for(lambda each: is_card(each, "a:1-carlos"), after=asked),
    )


def _is_open(message: Message) -> bool:
    return '"Approve"' in json.dumps(message.card)


async def _votes(office: TeamsOffice, card: Message) -> int:
    """How many votes count on what a card shows."""
    await office.settled()
    ((votes,),) = await office.rows(
        "SELECT jsonb_array_length(body->'votes') FROM approvals"
        " WHERE id = (SELECT key FROM posted_messages WHERE message = :id)",
        id=card.id,
    )
    return int(votes)


async def _changed(office: TeamsOffice, card: Message, *words: str) -> None:
    """Wait until a card has been edited to say something."""
    await office.teams.wait_for(lambda each: each is card and all(word in each.all_text for word in words))


async def test_two_decide_in_their_chats_and_both_cards_change_for_everyone(office: TeamsOffice) -> None:
    hers, his = await _asked(office, "owen.tregarth")
    assert (await office.person("amanda").presses("Approve", hers)).answer == WORKING
    await _changed(office, his, "Amanda")
    assert (await office.person("carlos").presses("Approve", his)).answer == WORKING
    for card in (hers, his):
        await _changed(office, card, "Approved")
        assert not _is_open(card), "what is decided has no buttons"
        assert card.edits
    await office.settled()
    ((roles,),) = await office.rows("SELECT array_agg(role) FROM person_roles WHERE person = 'owen.tregarth'")
    assert "architect" in roles


async def test_what_waits_shows_how_it_ended_once_it_is_decided(office: TeamsOffice) -> None:
    hers, _ = await _asked(office, "mei.tanemori")
    name = office.teams.world.people["mei.tanemori"].full_name
    shown = await office.answered(await office.person("carlos").says("/approvals what waits for me?"))
    before = json.dumps(shown.card).count('"Approve"')
    opened = await office.person("amanda").presses("Deny", hers)
    await office.person("amanda").submits(opened.answer, hers, {})
    await _changed(office, shown, f"Denied: Give {name}", "Denied by Amanda")
    assert json.dumps(shown.card).count('"Approve"') == before - 2, "the button, and what it is on old clients"


async def test_a_press_that_comes_again_votes_once(office: TeamsOffice) -> None:
    hers, _ = await _asked(office, "pavel.hruska")
    press = office.person("amanda").press("Approve", hers)
    deliveries = await asyncio.gather(*(office.teams.deliver(press) for _ in range(4)))
    assert [delivery.answer for delivery in deliveries] == [WORKING] * 4
    await office.settled()
    assert await _votes(office, hers) == 1


async def test_an_old_client_presses_by_a_message(office: TeamsOffice) -> None:
    hers, his = await _asked(office, "lucia.ferrand")
    press = office.person("amanda").press("Approve", hers)
    token = press["value"]["action"]["data"]["token"]
    submitted = {key: value for key, value in press.items() if key not in ("name", "type")}
    submitted |= {"type": "message", "value": {"verb": "press", "token": token}}
    delivery = await office.teams.deliver(submitted)
    assert (delivery.status, delivery.body) == (200, "")
    await _changed(office, his, "Amanda")


async def test_a_dialog_asks_why_and_its_answer_is_the_press(office: TeamsOffice) -> None:
    hers, his = await _asked(office, "jonas.ekberg")
    carlos = office.person("carlos")
    opened = await carlos.presses("Deny", his)
    assert opened.answer["task"]["type"] == "continue"
    answer = {"Why not, for the person who asked": "Two are enough."}
    submission = carlos.submission(opened.answer, his, answer)
    for _ in range(2):
        delivery = await office.teams.deliver(submission)
        assert (delivery.status, delivery.body) == (200, ""), "the dialog closes"
    for card in (hers, his):
        await _changed(office, card, "Denied by Carlos")
    ((values,),) = await office.rows(
        "SELECT what->'values' FROM inbox WHERE key LIKE '%/' || :id", id=submission["id"]
    )
    assert values == {"reason": "Two are enough."}
    twice = await office.teams.deliver(submission | {"id": f"f:{uuid.uuid4()}"})
    assert (twice.status, twice.body) == (200, "")
    await office.settled()
    assert "already" in carlos.chat.messages[-1].all_text


async def test_a_dialog_that_cannot_be_taken_is_shown_again_with_why(office: TeamsOffice) -> None:
    _, his = await _asked(office, "diego.arrieta")
    carlos = office.person("carlos")
    opened = await carlos.presses("Deny", his)
    submission = carlos.submission(opened.answer, his, {"Why not, for the person who asked": "No."})
    for wrong in ({"answer_reason": ["a", "list"]}, {"answer_other": "x"}):
        broken = submission | {"id": f"f:{uuid.uuid4()}"}
        broken["value"] = {"data": {**submission["value"]["data"], **wrong}}
        shown = (await office.teams.deliver(broken)).answer["task"]
        assert shown["type"] == "continue"
        assert "Please look again" in str(shown["value"]["card"])
    await office.settled()
    assert await _votes(office, his) == 0


def _elsewhere(office: TeamsOffice, activity: dict[str, Any], who: str) -> dict[str, Any]:
    """The same, by somebody in their own chat: a card may be passed on."""
    someone = office.person(who)
    sender = activities.frame(office.teams, "invoke", someone.human, someone.chat, None)["from"]
    conversation = {"id": someone.chat.id, "conversationType": "personal"}
    return activity | {"from": sender, "conversation": conversation, "id": f"f:{uuid.uuid4()}"}


async def test_a_button_works_only_where_it_was_posted(office: TeamsOffice) -> None:
    hers, his = await _asked(office, "theo.vandermeer")
    carlos = office.person("carlos")
    form = _elsewhere(office, carlos.press("Deny", his), "amanda")
    answer = (await office.teams.deliver(form)).answer
    assert answer["task"]["type"] == "message", "a form shows what the card says, to its readers alone"
    approve = carlos.press("Approve", his)
    token = approve["value"]["action"]["data"]["token"]
    old = {key: value for key, value in approve.items() if key != "name"}
    skipped = copy.deepcopy(approve)
    skipped["value"]["action"]["data"]["token"] = form["value"]["data"]["token"]
    for press in (
        approve,
        skipped,
        old | {"type": "message", "value": {"verb": "press", "token": token}},
    ):
        last = office.person("amanda").chat.messages[-1]
        assert (await office.teams.deliver(_elsewhere(office, press, "amanda"))).is_taken
        await office.teams.wait_for(
            lambda each: each.conversation == hers.conversation and "no longer" in each.all_text, after=last
        )
    assert await _votes(office, his) == 0


async def test_a_token_that_no_row_can_hold_is_nobodys(office: TeamsOffice) -> None:
    hers, his = await _asked(office, "silvia.brancati")
    press = office.person("amanda").press("Approve", hers)
    press["value"]["action"]["data"]["token"] += "\0\ud800"
    refused = (await office.teams.deliver(press)).answer
    assert refused["statusCode"] == 400
    assert refused["value"]["message"] == NOT_KNOWN
    assert await _votes(office, his) == 0


WHY = "Why not, for the person who asked"


def _forms(office: TeamsOffice, token: str) -> list[Message]:
    """The forms behind a button that stand in a chat."""
    sends = f'"data": {{"token": "{token}", "verb": "form"}}'
    return [each for each in office.teams.messages() if sends in json.dumps(each.card)]


async def test_a_form_that_a_client_opens_no_dialog_for_comes_once_and_counts(office: TeamsOffice) -> None:
    _, his = await _asked(office, "petra.novotna")
    carlos = office.person("carlos")
    opening = carlos.press("Deny", his)
    token = opening["value"]["data"]["token"]
    sent = {key: value for key, value in opening.items() if key != "name"}
    sent |= {"type": "message", "value": opening["value"]["data"]}
    for _ in range(2):
        assert (await office.teams.deliver(sent)).is_taken
    form = await office.teams.wait_for(lambda each: each in _forms(office, token))
    assert "Deny" in form.all_text
    assert await _votes(office, his) == 0
    delivery = await carlos.fills_in(form, {WHY: "Two are enough."})
    assert (delivery.status, delivery.body) == (200, "")
    await _changed(office, his, "Denied by Carlos")
    assert len(_forms(office, token)) == 1
    sent_in = "SELECT what->'values' FROM inbox WHERE what->>'token' = :token AND what ? 'values'"
    assert await office.rows(sent_in, token=token) == [({"reason": "Two are enough."},)]


async def test_what_is_wrong_with_a_form_in_the_chat_is_said_there(office: TeamsOffice) -> None:
    _, his = await _asked(office, "hanna.virtala")
    carlos = office.person("carlos")
    await carlos.presses_without_dialogs("Deny", his)
    token = carlos.press("Deny", his)["value"]["data"]["token"]
    form = await office.teams.wait_for(lambda each: each in _forms(office, token))
    await carlos.fills_in(form, {WHY: "x" * 12_001})
    said = await office.teams.wait_for(lambda each: "characters" in each.all_text, after=form)
    assert "send it again" in said.all_text
    assert await _votes(office, his) == 0


async def test_a_form_that_is_executed_comes_into_the_chat(office: TeamsOffice) -> None:
    _, his = await _asked(office, "gus.petrakis")
    opening = office.person("carlos").press("Deny", his)
    data = opening["value"]["data"]
    executed = opening | {"name": "adaptiveCard/action", "id": f"f:{uuid.uuid4()}"}
    executed["value"] = {"action": {"type": "Action.Execute", "verb": "press", "data": data}}
    assert (await office.teams.deliver(executed)).answer == WORKING | {"value": "Fill in the form below."}
    await office.teams.wait_for(lambda each: each in _forms(office, data["token"]))


async def test_who_presses_late_is_told_what_was_decided(office: TeamsOffice) -> None:
    hers, his = await _asked(office, "ruth.abernethy")
    late = office.person("amanda").press("Approve", hers)
    opened = await office.person("carlos").presses("Deny", his)
    await office.person("carlos").submits(opened.answer, his, {})
    await _changed(office, hers, "Denied")
    assert (await office.teams.deliver(late)).answer == WORKING
    told = await office.teams.wait_for(
        lambda each: each.conversation == hers.conversation and "already" in each.all_text
    )
    assert "Carlos" in told.all_text or "denied" in told.all_text


async def test_an_expired_request_is_told_as_such(office: TeamsOffice) -> None:
    hers, _ = await _asked(office, "kofi.mensahl")
    await office.rows(
        "UPDATE approvals SET body = jsonb_set(body, '{deadlines,expires}', '\"2026-01-01T00:00:00Z\"')"
        " WHERE id = (SELECT key FROM posted_messages WHERE message = :id) RETURNING 1",
        id=hers.id,
    )
    assert (await office.person("amanda").presses("Approve", hers)).answer == WORKING
    await office.teams.wait_for(
        lambda each: each.conversation == hers.conversation and "xpired" in each.all_text
    )
    assert await _votes(office, hers) == 0


async def test_a_deactivated_person_decides_nothing(office: TeamsOffice) -> None:
    hers, _ = await _asked(office, "anouk.dessaint")
    amanda = office.person("amanda")
    amanda.human.is_enabled = False
    await office.rows("UPDATE platform_users SET checked = '2026-01-01' WHERE name LIKE 'Amanda%' RETURNING 1")
    try:
        assert (await amanda.presses("Approve", hers)).answer == WORKING
        await office.teams.wait_for(
            lambda each: each.conversation == hers.conversation and "not know you" in each.all_text, after=hers
        )
        assert await _votes(office, hers) == 0
    finally:
        amanda.human.is_enabled = True
        await office.rows("UPDATE platform_users SET checked = '2026-01-01' RETURNING 1")


async def test_a_guest_gets_help_and_no_more(office: TeamsOffice) -> None:
    office.teams.world.add_person("visitor", "Amanda", "amanda@example.com", is_guest=True)
    visitor = office.person("visitor")
    refused = await office.answered(await visitor.says("/status"))
    assert "I did nothing" in refused.all_text
    helped = await office.answered(await visitor.says("/help"))
    assert "What you can ask me" in helped.all_text


async def test_somebody_of_another_company_in_our_channel_is_nobody(office: TeamsOffice) -> None:
    foreign = office.teams.world.add_person("foreign", tenant="00000000-0000-4000-8000-000000000000")
    channel = office.teams.world.add_channel("with-others", ["david", foreign.name], team="mixed")
    told = await office.answered(await office.person("foreign").says("@bot /whoami", to=channel))
    assert "not know you" in told.all_text
    told = await office.answered(await office.person("foreign").says("@bot /status", to=channel))
    assert "I cannot answer that here" in told.all_text
