"""Socket Mode with slack_sdk's own client and Bolt behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from simulators.slack import FakeSlack
from tests.simulators.bolt_app import BoltEnd, bolt_end


@pytest.fixture
async def socket_end(slack: FakeSlack) -> AsyncIterator[tuple[BoltEnd, AsyncSocketModeHandler]]:
    end = bolt_end(slack)
    handler = AsyncSocketModeHandler(end.app, "xapp-1-fake", web_client=end.app.client, ping_interval=0.2)
    await handler.connect_async()
    yield end, handler
    await handler.close_async()


async def test_events_presses_and_commands_come_down_the_socket(
    slack: FakeSlack, socket_end: tuple[BoltEnd, AsyncSocketModeHandler]
) -> None:
    end, _ = socket_end
    david = slack.user("david")
    await david.says("deploy", dm=True)
    card = await slack.wait_for(lambda m: "Approve" in m.buttons)
    await david.presses("Why", on=card)
    modal = await slack.wait_for_view(david)
    refused = await david.submits(modal, {"why": "no"})
    assert refused.errors == {"why": "Say more"}
    await david.runs("/eng hello")
    assert [m.text for m in slack.ephemerals(david)] == ["heard: hello"]
    assert end.events("message")[0]["text"] == "deploy"
    assert all(delivery.is_taken for delivery in slack.courier.made)


async def test_a_socket_that_falls_silent_is_noticed_and_what_was_sent_comes_again(
    slack: FakeSlack, socket_end: tuple[BoltEnd, AsyncSocketModeHandler]
) -> None:
    end, _ = socket_end
    slack.sockets.patience = 0.05
    slack.courier.retry_delays = (0.1,) * 40
    (first,) = slack.sockets.open
    slack.sockets.silence()
    await slack.user("david").says("are you there", dm=True)
    assert not slack.courier.made[0].is_taken
    await slack.wait_until(lambda: any(c is not first for c in slack.sockets.open), within=10)
    await slack.wait_until(lambda: end.events("message"), within=5)
    assert end.events("message")[0]["text"] == "are you there"
    assert slack.courier.made[0].attempts[0].reason == "timeout"


async def test_slack_asks_for_a_new_connection(
    slack: FakeSlack, socket_end: tuple[BoltEnd, AsyncSocketModeHandler]
) -> None:
    (first,) = slack.sockets.open
    await slack.sockets.refresh()
    await slack.wait_until(lambda: [c for c in slack.sockets.open if c is not first])
    await slack.user("david").says("hello", dm=True)
    assert slack.courier.made[0].is_taken


async def test_an_app_token_is_needed(slack: FakeSlack, web: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await web.apps_connections_open(app_token=slack.bot_token)
