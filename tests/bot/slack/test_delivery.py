"""Answers reach Slack once, in order, whatever happens on the way."""

from __future__ import annotations

import pytest

from tests.fakes.slack import Message
from tests.office import Office, OpenOffice


async def _asks(office: Office, who: str = "david", text: str = "/whoami") -> Message:
    return await office.slack.user(who).says(text, dm=True)


def _answers(office: Office, asked: Message) -> list[Message]:
    return [message for message in office.slack.thread(asked) if message.ts != asked.ts]


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
