"""Answers reach Slack once, in order, whatever happens on the way."""

from __future__ import annotations

import time

import pytest
from slack_sdk.oauth.installation_store.models.bot import Bot

from bot import outbox
from bot.desks import StoredFiles
from bot.slack.connecting import workspaces_of
from governance.places import Audience, Place
from governance.visibility import EVERYTHING
from handlers.conversation.cards import Card, Chart, Reply, Text
from simulators.slack import Message
from tests.office import Office, OpenOffice


async def _asks(office: Office, who: str = "david", text: str = "/whoami") -> Message:
    return await office.slack.user(who).says(text, dm=True)


def _answers(office: Office, asked: Message) -> list[Message]:
    return [message for message in office.slack.thread(asked) if message.bot_id]


async def test_too_many_is_waited_out(office: Office) -> None:
    limit = office.slack.faults.rate_limit("chat.postMessage", retry_after=1)
    asked = await _asks(office)
    await office.slack.wait_for(lambda m: m.thread_ts == asked.ts, within=15)
    await office.settled()
    assert limit.happened == 1
    assert len(_answers(office, asked)) == 1


@pytest.mark.parametrize("fault", ["reset", "server_error"])
async def test_a_failure_is_tried_again(office: Office, fault: str) -> None:
    getattr(office.slack.faults, fault)("chat.postMessage", times=2)
    asked = await _asks(office)
    await office.slack.wait_for(lambda m: m.thread_ts == asked.ts, within=15)
    await office.settled()
    assert len(_answers(office, asked)) == 1


async def test_a_message_whose_answer_was_lost_is_found_and_not_posted_twice(office: Office) -> None:
    lost = office.slack.faults.lose_answer("chat.postMessage")
    asked = await _asks(office)
    await office.settled()
    assert lost.happened == 1
    assert len(_answers(office, asked)) == 1
    assert office.slack.called("conversations.replies")


async def test_a_lost_answer_is_found_at_the_end_of_a_long_thread(office: Office) -> None:
    asked = await _asks(office)
    await office.settled()
    state, david = office.slack.state, office.slack.user("david")
    for number in range(250):
        said = Message(state.tick(), asked.channel, david.id, "T0ACME", f"Line {number}.", thread_ts=asked.ts)
        state.add(said)
    office.slack.faults.lose_answer("chat.postMessage")
    await david.replies(asked, "/status")
    await office.settled()
    assert len(_answers(office, asked)) == 2


async def test_a_new_conversation_whose_answer_was_lost_goes_on_in_its_thread(office: Office) -> None:
    carlos = office.slack.user("carlos")
    office.slack.faults.lose_answer("chat.postMessage")
    await carlos.runs("/eng /whoami")
    await office.settled()
    mine = [m for m in office.slack.messages() if m.channel == carlos.dm.id and m.bot_id]
    assert len(mine) == 1
    await carlos.replies(mine[0], "/status")
    await office.slack.wait_for(lambda m: m.thread_ts == mine[0].ts and "What runs now" in m.all_text)


async def test_what_slack_never_takes_is_given_up_and_the_next_goes_out(office: Office) -> None:
    office.slack.faults.refuse("chat.postMessage", "msg_blocks_too_long")
    asked = await _asks(office)
    await office.settled()
    await office.slack.user("david").replies(asked, "/status")
    await office.slack.wait_for(lambda m: m.thread_ts == asked.ts and "What runs now" in m.all_text)
    failures = [
        failure for (failure,) in await office.rows("SELECT failure FROM outbox WHERE state = 'failed'")
    ]
    assert any("msg_blocks_too_long" in failure for failure in failures)


async def test_out_of_order_and_doubled_events_are_answered_once_each(office: Office) -> None:
    office.slack.courier.doubles = True
    try:
        asked = [await _asks(office, text=text) for text in ("/whoami", "/status", "/help")]
    finally:
        office.slack.courier.doubles = False
    await office.settled()
    assert [len(_answers(office, one)) for one in asked] == [1, 1, 1]


async def test_an_uninstalled_workspace_gets_nothing_more_and_others_go_on(open_office: OpenOffice) -> None:
    office = await open_office()
    asked = await _asks(office)
    await office.slack.wait_for(lambda m: m.thread_ts == asked.ts)
    await office.slack.uninstall("T0ACME")
    (removed,) = (await office.rows("SELECT removed IS NOT NULL AND sealed = '' FROM slack_installations"))[0]
    assert removed


async def test_what_answers_in_slacks_place_is_not_taken_for_slack(office: Office) -> None:
    proxy = office.slack.faults.server_error("chat.postMessage", status=200, times=2)
    asked = await _asks(office)
    await office.settled()
    assert proxy.happened == 2
    assert len(_answers(office, asked)) == 1


async def _edited(office: Office, asked: Message, *texts: str) -> None:
    """An answer under a key, and then others in its place."""
    place = Place("slack", f"T0ACME/{asked.channel}", asked.ts, Audience.DIRECT)
    for words in texts:
        reply = Reply(words, (Card("Card", (Text((words,)),)),), key="a-card")
        async with office.installation.database.transaction(office.tenant) as tx:
            await outbox.put(tx, place, reply, turn=None)
        await office.settled()


async def test_a_message_that_was_taken_away_already_does_not_fail_the_edit(office: Office) -> None:
    lost = office.slack.faults.lose_answer("chat.delete")
    asked = await _asks(office)
    await office.settled()
    long = "\n".join(f"Line {line} of a long answer that takes several messages." for line in range(500))
    await _edited(office, asked, long, "Short.", "Shorter.")
    assert lost.happened == 1
    assert [m.text for m in _answers(office, asked)[1:]] == ["Shorter."]
    assert await office.rows("SELECT failure FROM outbox WHERE state = 'failed' AND key = 'a-card'") == []


async def test_a_picture_that_slack_lost_is_brought_again(office: Office) -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 64
    async with office.installation.database.transaction(office.tenant) as tx:
        file = await StoredFiles().put(tx, "chart.png", "image/png", png, EVERYTHING)
    asked = await _asks(office)
    place = Place("slack", f"T0ACME/{asked.channel}", asked.ts, Audience.DIRECT)
    reply = Reply("A chart.", (Card("Chart", (Chart(file, "Velocity, falling.", "Velocity falls."),)),))
    for _ in range(2):
        async with office.installation.database.transaction(office.tenant) as tx:
            await outbox.put(tx, place, reply, turn=None)
        await office.settled()
        office.slack.state.files.clear()
    shown = [m for m in _answers(office, asked) if m.text == "A chart."]
    assert len(shown) == 2
    assert all("slack_file" in str(message.blocks) for message in shown)


async def test_an_app_that_was_installed_anew_posts_with_its_new_token_at_once(open_office: OpenOffice) -> None:
    """This process has the old token yet when another one took the installation."""
    office = await open_office()
    asked = await _asks(office)
    await office.settled()
    token = office.slack.bot_token
    installed = office.slack.install("T0ACME")
    settings, database = office.installation.settings, office.installation.database
    other = workspaces_of(settings, database, office.installation.sealing)
    await other.save(
        Bot(
            team_id="T0ACME",
            bot_token=installed.token,
            bot_id=installed.bot_id,
            bot_user_id=installed.bot_user,
            installed_at=time.time(),
        )
    )
    await office.slack.user("david").replies(asked, "/status")
    await office.settled()
    assert len(_answers(office, asked)) == 2
    assert {call.token for call in office.slack.called("chat.postMessage")} == {token, installed.token}
