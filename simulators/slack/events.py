"""Events as the Events API writes them, and who is told of what."""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING

from simulators.slack.records import Channel, Json, Message
from simulators.slack.rendered import APP_ID, channel_json, message_json, user_json

if TYPE_CHECKING:
    from simulators.slack.delivery import Delivery
    from simulators.slack.server import FakeSlack

SUBSCRIPTION = {
    "im": "message.im",
    "channel": "message.channels",
    "group": "message.groups",
    "mpim": "message.mpim",
}


async def announce(
    slack: FakeSlack, team_id: str, event: Json, *, named: str = "", channel: Channel | None = None
) -> Delivery | None:
    """Send an event to the app, if it is installed there and subscribed to it (`named` if not by type)."""
    subscribed = slack.subscriptions
    if subscribed is not None and (named or event["type"]) not in subscribed:
        return None
    installed = slack.state.installation(team_id)
    if installed is None and event["type"] not in ("app_uninstalled", "tokens_revoked"):
        return None
    enterprise = slack.state.enterprise_of(team_id)
    return await slack.courier.bring(
        "event",
        {
            "token": "unused",
            "team_id": team_id,
            "enterprise_id": enterprise,
            "context_team_id": team_id,
            "context_enterprise_id": enterprise,
            "api_app_id": APP_ID,
            "type": "event_callback",
            "event": event,
            "event_id": f"Ev{secrets.token_hex(5).upper()}",
            "event_time": int(slack.state.now()),
            "is_ext_shared_channel": channel is not None and channel.is_ext_shared,
            "authorizations": [
                {
                    "enterprise_id": enterprise,
                    "team_id": team_id,
                    "user_id": installed.bot_user,
                    "is_bot": True,
                    "is_enterprise_install": installed.is_org_wide,
                }
            ]
            if installed
            else [],
        },
    )


async def announce_message(slack: FakeSlack, message: Message) -> None:
    """A message that somebody sent: as a message event, and as a mention if it names the bot."""
    channel = slack.state.channels[message.channel]
    team = team_for(slack, channel, message)
    installed = slack.state.installation(team)
    if installed is None or installed.bot_user not in channel.members:
        return
    event = message_event(slack, message, channel)
    await announce(slack, team, event, named=SUBSCRIPTION[channel.channel_type], channel=channel)
    if channel.kind != "dm" and message.bot_id is None and f"<@{installed.bot_user}>" in message.text:
        mention = {**event, "type": "app_mention"}
        mention.pop("channel_type")
        await announce(slack, team, mention, channel=channel)


def team_for(slack: FakeSlack, channel: Channel, message: Message) -> str:
    """The workspace in whose name the app hears of a message: the author's where the app covers it."""
    if channel.kind == "dm" and not slack.state.users[message.user].is_bot:
        return slack.state.users[message.user].team_id
    return channel.team_id


def message_event(slack: FakeSlack, message: Message, channel: Channel) -> Json:
    """A new message."""
    author = slack.state.users[message.user]
    event = message_json(slack.state, message)
    event |= {"channel": channel.id, "channel_type": channel.channel_type, "event_ts": message.ts}
    if message.bot_id is None:
        event["client_msg_id"] = str(uuid.uuid5(uuid.NAMESPACE_OID, message.ts))
    if message.files:
        event["subtype"] = "file_share"
    if message.thread_ts:
        parent = slack.state.messages[channel.id, message.thread_ts]
        event["parent_user_id"] = parent.user
    if channel.is_ext_shared:
        enterprise = slack.state.enterprise_of(author.team_id)
        event |= {"user_team": enterprise or author.team_id, "source_team": author.team_id}
        event["team"] = author.team_id
        event["user_profile"] = {"name": author.handle, "real_name": author.name, "team": author.team_id}
    return event


async def announce_change(slack: FakeSlack, message: Message) -> None:
    """An edit (`message_changed`) or a removal (`message_deleted`)."""
    channel = slack.state.channels[message.channel]
    now = slack.state.tick()
    event: Json = {
        "type": "message",
        "hidden": True,
        "channel": channel.id,
        "channel_type": channel.channel_type,
        "ts": now,
        "event_ts": now,
    }
    if message.deleted:
        event |= {"subtype": "message_deleted", "deleted_ts": message.ts}
        event["previous_message"] = message_json(slack.state, message)
    else:
        former = {**message_json(slack.state, message), "text": message.edits[-1][0]}
        event |= {"subtype": "message_changed", "message": message_json(slack.state, message)}
        event["previous_message"] = former
    team = team_for(slack, channel, message)
    installed = slack.state.installation(team)
    if installed is not None and installed.bot_user in channel.members:
        await announce(slack, team, event, named=SUBSCRIPTION[channel.channel_type], channel=channel)


async def announce_user(slack: FakeSlack, user_id: str) -> None:
    """Somebody's account changed."""
    user = slack.state.users[user_id]
    event = {"type": "user_change", "user": user_json(slack.state, user), "event_ts": slack.state.tick()}
    await announce(slack, user.team_id, event)


async def announce_joined(slack: FakeSlack, channel: Channel, user_id: str, *, left: bool = False) -> None:
    """Somebody came into a channel, or left it."""
    event = {
        "type": "member_left_channel" if left else "member_joined_channel",
        "user": user_id,
        "channel": channel.id,
        "channel_type": channel.channel_type[0].upper(),
        "team": slack.state.users[user_id].team_id,
        "event_ts": slack.state.tick(),
    }
    await announce(slack, channel.team_id, event, channel=channel)


async def announce_shared(slack: FakeSlack, channel: Channel, with_team: str) -> None:
    """A channel is now shared with another workspace."""
    event = {"type": "channel_shared", "connected_team_id": with_team, "channel": channel.id}
    event["event_ts"] = slack.state.tick()
    await announce(slack, channel.team_id, event, channel=channel)


async def announce_renamed(slack: FakeSlack, channel: Channel) -> None:
    """A channel has another name."""
    shown = channel_json(slack.state, channel)
    event = {
        "type": "channel_rename" if channel.kind == "public" else "group_rename",
        "channel": {name: shown[name] for name in ("id", "name", "created")},
        "event_ts": slack.state.tick(),
    }
    await announce(slack, channel.team_id, event, channel=channel)
