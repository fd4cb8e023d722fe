"""The app's own manifest, read and obeyed: an app is sent what it subscribed to, and granted what it lists."""

from __future__ import annotations

from pathlib import Path

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from simulators.slack import FakeSlack, manifest

OWN = Path(__file__).parents[2] / "app-manifest.yml"
SMALL = """
features:
  slash_commands: [{command: /eng, should_escape: true}]
  shortcuts: [{name: New request, type: global, callback_id: new_request}]
oauth_config: {scopes: {bot: [chat:write, channels:read, channels:history]}}
settings: {event_subscriptions: {bot_events: [app_mention]}}
"""


async def test_what_a_manifest_lacks_is_missing(slack: FakeSlack, web: AsyncWebClient, tmp_path: Path) -> None:
    (tmp_path / "small.yml").write_text(SMALL)
    manifest.obey(slack, manifest.read(tmp_path / "small.yml"))
    slack.courier.hold()
    await slack.user("david").says("hello", dm=True)
    await slack.user("david").says("@bot hello", channel="product")
    sent = [delivery.payload["event"]["type"] for delivery in slack.courier.made]
    assert sent == ["app_mention"]
    await web.conversations_info(channel=slack.channel("product").id)
    for channel, needed in (
        (slack.channel("leadership").id, "groups:read"),
        (slack.user("david").dm.id, "im:read"),
    ):
        with pytest.raises(SlackApiError, match=needed):
            await web.conversations_info(channel=channel)


async def test_commands_are_escaped_where_the_manifest_says_so(slack: FakeSlack) -> None:
    slack.courier.timeout = 0.1
    slack.events_url = "http://127.0.0.1:9/slack/events"
    david = slack.user("david")
    plain = await david.runs("/eng ask @priya", channel="product")
    slack.escapes_commands = True
    escaped = await david.runs("/eng ask @priya & co", channel="product")
    assert plain.payload["text"] == "ask @priya"
    assert escaped.payload["text"] == f"ask <@{slack.user('priya').id}> &amp; co"


def test_the_apps_own_manifest_can_be_obeyed() -> None:
    own = manifest.read(OWN)
    assert {"chat:write", "users:read.email"} <= own.scopes
    assert {"message.im", "app_mention", "app_uninstalled"} <= own.events
    assert own.escapes_commands
    assert any(shortcut.is_global for shortcut in own.shortcuts)
