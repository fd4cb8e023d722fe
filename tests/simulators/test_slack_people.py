"""People on one side, a Bolt app on the other: what they do arrives, signed, and what it answers is seen."""

from __future__ import annotations

import pytest

from simulators.slack import FakeSlack, NotFilledIn, NothingToPress
from tests.simulators.bolt_app import BoltEnd


async def test_a_direct_message_arrives_and_is_answered_in_its_thread(slack: FakeSlack, bolt: BoltEnd) -> None:
    said = await slack.user("david").says("@bot deploy <orders> & more", dm=True)
    answer = await slack.wait_for(lambda m: "Deploy orders 2.4?" in m.all_text)
    assert answer.thread_ts == said.ts
    assert answer.buttons == ["Approve", "Why"]
    (event,) = [e for e in bolt.events("message") if "bot_id" not in e]
    assert event["channel_type"] == "im"
    assert event["text"] == f"<@{slack.app.bot_user}> deploy &lt;orders&gt; &amp; more"
    assert bolt.events("app_mention") == []
    assert slack.thread(said) == [said, answer]


async def test_a_mention_in_a_channel_arrives_as_mention_and_as_message(
    slack: FakeSlack, bolt: BoltEnd
) -> None:
    said = await slack.user("david").says("@bot hello", channel="product")
    answer = await slack.wait_for(lambda m: m.text == "You called?")
    assert answer.thread_ts == said.ts
    mention, message = bolt.events("app_mention")[0], bolt.events("message")[0]
    assert mention["text"] == f"<@{slack.app.bot_user}> hello"
    assert message["channel_type"] == "channel"
    assert mention["ts"] == message["ts"]
    await slack.user("priya").replies(answer, "and me?")
    reply = bolt.events("message")[-1]
    assert (reply["thread_ts"], reply["parent_user_id"]) == (said.ts, slack.user("david").id)


async def test_a_press_names_its_message_and_the_message_changes(slack: FakeSlack, bolt: BoltEnd) -> None:
    david = slack.user("david")
    await david.says("deploy", dm=True)
    card = await slack.wait_for(lambda m: "Approve" in m.buttons)
    with pytest.raises(NothingToPress):
        await david.presses("Reject", on=card)
    with pytest.raises(NothingToPress):
        await slack.user("priya").presses("Approve", on=card)
    pressed = await david.presses("Approve", on=card)
    assert pressed.is_taken
    assert pressed.payload["container"]["message_ts"] == card.ts
    assert pressed.payload["actions"][0]["value"] == "tok-yes"
    await slack.wait_until(lambda: card.text == "Approved")
    assert card.buttons == []
    assert card.edits[0][0] == "Deploy orders 2.4?"


async def test_a_modal_opens_refuses_and_closes(slack: FakeSlack, bolt: BoltEnd) -> None:
    david = slack.user("david")
    await david.says("deploy", dm=True)
    card = await slack.wait_for(lambda m: "Why" in m.buttons)
    await david.presses(token="tok-why", on=card)
    modal = await slack.wait_for_view(david)
    assert modal.title == "Reason"
    with pytest.raises(NotFilledIn):
        await david.submits(modal, {})
    with pytest.raises(NotFilledIn):
        await david.submits(modal, {"why": "because", "where": "the moon"})
    refused = await david.submits(modal, {"why": "no"})
    assert (refused.errors, refused.is_closed) == ({"why": "Say more"}, False)
    taken = await david.submits(modal, {"Why?": "because", "where": "Staging"})
    assert taken.is_closed
    assert david.view is None
    values = taken.delivery.payload["view"]["state"]["values"]
    assert values["why"]["text"] == {"type": "plain_text_input", "value": "because"}
    assert values["where"]["choice"]["selected_option"]["value"] == "staging"


async def test_closing_a_modal_is_told(slack: FakeSlack, bolt: BoltEnd) -> None:
    david = slack.user("david")
    await david.uses_shortcut("new_request")
    await david.closes(await slack.wait_for_view(david))
    assert bolt.bodies[-1]["type"] == "view_closed"


async def test_commands_and_shortcuts(slack: FakeSlack, bolt: BoltEnd) -> None:
    david = slack.user("david")
    await david.runs("/eng status of checkout", channel="product")
    await slack.wait_for(lambda m: m.text == "heard: status of checkout")
    assert slack.ephemerals("priya") == []
    said = await david.says("look at this", channel="product")
    await david.uses_shortcut("ask_about", on=said)
    await slack.wait_for(lambda m: m.text == "about: look at this")
    assert [m.text for m in slack.ephemerals(david)] == ["heard: status of checkout", "about: look at this"]


async def test_what_happens_in_a_workspace_is_told(slack: FakeSlack, bolt: BoltEnd) -> None:
    await slack.user("david").opens_home()
    await slack.admin.changes("priya", deleted=True)
    await slack.admin.renames("product", "products")
    await slack.admin.shares("products", "T0OTHER")
    slack.admin.opens("side", "david")
    await slack.admin.invites("amanda", "side")
    assert bolt.events("app_home_opened")[0]["tab"] == "home"
    assert bolt.events("user_change")[0]["user"]["deleted"] is True
    assert bolt.events("channel_rename")[0]["channel"]["name"] == "products"
    assert bolt.events("channel_shared")[0]["connected_team_id"] == "T0OTHER"
    assert bolt.events("member_joined_channel")[0]["user"] == slack.user("amanda").id


async def test_events_that_are_not_taken_come_again(slack: FakeSlack, bolt: BoltEnd) -> None:
    slack.courier.retry_delays = (0.0, 0.01, 0.01)
    bolt.refusals = 2
    await slack.user("david").says("hello", dm=True)
    await slack.settle()
    (delivery,) = slack.courier.made
    assert [attempt.status for attempt in delivery.attempts] == [503, 503, 200]
    assert bolt.headers[0]["X-Slack-Retry-Num"] == "2"
    assert bolt.headers[0]["X-Slack-Retry-Reason"] == "http_error"


async def test_events_can_come_twice_and_out_of_order(slack: FakeSlack, bolt: BoltEnd) -> None:
    slack.courier.doubles = True
    await slack.user("david").says("hello", dm=True)
    assert len({body["event_id"] for body in bolt.bodies}) == 1
    assert len(bolt.bodies) == 2
    slack.courier.doubles = False
    slack.courier.hold()
    for words in ("one", "two"):
        await slack.user("david").says(words, dm=True)
    assert len(bolt.bodies) == 2
    await slack.courier.release(backwards=True)
    assert [event["text"] for event in bolt.events("message")[2:]] == ["two", "one"]


async def test_a_wrong_secret_is_refused_by_the_app(slack: FakeSlack, bolt: BoltEnd) -> None:
    slack.courier.retry_delays = ()
    slack.signing_secret = "another"
    await slack.user("david").says("hello", dm=True)
    assert slack.courier.made[0].attempts[0].status == 401
    assert bolt.bodies == []


async def test_an_address_is_verified(slack: FakeSlack, bolt: BoltEnd) -> None:
    verified = await slack.admin.verifies_url()
    assert verified.is_taken
    assert verified.answer == {"challenge": "fake-challenge"}
