"""Presses, submissions, shortcuts and commands, as Slack sends them to an app."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from simulators.slack import filling
from simulators.slack.records import Channel, Json, Message, User, View
from simulators.slack.rendered import APP_ID, message_json, view_json

if TYPE_CHECKING:
    from simulators.slack.server import FakeSlack


def _whose(slack: FakeSlack, kind: str, user: User) -> Json:
    """Who did it, in which workspace."""
    workspace = slack.state.workspaces[user.team_id]
    installed = slack.state.installation(_home(slack, user))
    is_org_wide = installed is not None and installed.is_org_wide
    enterprise = workspace.enterprise_id
    team = {"id": user.team_id, "domain": workspace.domain}
    if enterprise:
        team |= {"enterprise_id": enterprise, "enterprise_name": workspace.enterprise_name or ""}
    return {
        "type": kind,
        "token": "unused",
        "api_app_id": APP_ID,
        "user": {"id": user.id, "username": user.handle, "name": user.handle, "team_id": user.team_id},
        "team": None if is_org_wide else team,
        "enterprise": {"id": enterprise, "name": workspace.enterprise_name} if enterprise else None,
        "is_enterprise_install": is_org_wide,
    }


def _home(slack: FakeSlack, user: User) -> str:
    """The workspace for which the app hears of somebody: theirs, or (of a stranger) the first it is in."""
    if slack.state.installation(user.team_id) is not None:
        return user.team_id
    return next((t for t in slack.state.workspaces if slack.state.installation(t)), user.team_id)


def pressed(
    slack: FakeSlack, user: User, block: Json, element: Json, on: Message | View, entered: Json
) -> Json:
    """`block_actions`: a button was pressed, or something chosen."""
    view = on.id if isinstance(on, View) else None
    payload = _whose(slack, "block_actions", user)
    payload["trigger_id"] = slack.state.trigger(user.id, _home(slack, user), view).id
    payload["actions"] = [_action(slack, block, element, entered)]
    if isinstance(on, View):
        payload["container"] = {"type": "view", "view_id": on.id}
        payload["view"] = view_json(slack.state, on, filling.values(on.blocks, {}, strict=False))
        return payload
    channel = slack.state.channels[on.channel]
    payload["container"] = {
        "type": "message",
        "message_ts": on.ts,
        "channel_id": on.channel,
        "is_ephemeral": on.ephemeral_to is not None,
        **({"thread_ts": on.thread_ts} if on.thread_ts else {}),
    }
    payload["channel"] = {"id": channel.id, "name": channel_name(channel)}
    payload["response_url"] = response_url(slack, channel, user, on)
    payload["state"] = {"values": filling.values(on.blocks, {}, strict=False)}
    if on.ephemeral_to is None:
        payload["message"] = message_json(slack.state, on)
    return payload


def _action(slack: FakeSlack, block: Json, element: Json, entered: Json) -> Json:
    action: Json = {
        "type": element["type"],
        "action_id": element.get("action_id", ""),
        "block_id": block["block_id"],
        "action_ts": slack.state.tick(),
    }
    for name in ("text", "value", "style", "placeholder", "selected_option"):
        if name in element:
            action[name] = element[name]
    return {**action, **{name: value for name, value in entered.items() if name != "type"}}


def submitted(slack: FakeSlack, user: User, view: View, values: Json) -> Json:
    """`view_submission`."""
    payload = _whose(slack, "view_submission", user)
    payload["trigger_id"] = slack.state.trigger(user.id, _home(slack, user), view.id).id
    return {**payload, "view": view_json(slack.state, view, values), "response_urls": []}


def closed(slack: FakeSlack, user: User, view: View) -> Json:
    """`view_closed`, sent where the view asks for it."""
    return {
        **_whose(slack, "view_closed", user),
        "view": view_json(slack.state, view),
        "is_cleared": False,
    }


def shortcut(slack: FakeSlack, user: User, callback_id: str) -> Json:
    """A shortcut from the composer's menu or the search."""
    payload = _whose(slack, "shortcut", user)
    trigger = slack.state.trigger(user.id, _home(slack, user))
    return {**payload, "callback_id": callback_id, "trigger_id": trigger.id, "action_ts": slack.state.tick()}


def message_shortcut(slack: FakeSlack, user: User, callback_id: str, message: Message) -> Json:
    """A shortcut from a message's menu."""
    channel = slack.state.channels[message.channel]
    return {
        **shortcut(slack, user, callback_id),
        "type": "message_action",
        "message_ts": message.ts,
        "message": message_json(slack.state, message),
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "response_url": response_url(slack, channel, user, message),
    }


def command(slack: FakeSlack, user: User, channel: Channel, name: str, text: str) -> dict[str, str]:
    """A slash command, as form fields."""
    workspace = slack.state.workspaces[user.team_id]
    installed = slack.state.installation(_home(slack, user))
    form = {
        "token": "unused",
        "team_id": user.team_id,
        "team_domain": workspace.domain,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": user.id,
        "user_name": user.handle,
        "command": name,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": str(installed is not None and installed.is_org_wide).lower(),
        "response_url": response_url(slack, channel, user, None),
        "trigger_id": slack.state.trigger(user.id, _home(slack, user)).id,
    }
    if workspace.enterprise_id:
        form |= {"enterprise_id": workspace.enterprise_id, "enterprise_name": workspace.enterprise_name or ""}
    return form


def channel_name(channel: Channel) -> str:
    """As interactions and commands name it."""
    return {"dm": "directmessage", "private": "privategroup"}.get(channel.kind, channel.name)


def response_url(slack: FakeSlack, channel: Channel, user: User, message: Message | None) -> str:
    """An address that takes five answers in half an hour."""
    name = secrets.token_hex(8)
    slack.state.response_urls[name] = {
        "channel": channel.id,
        "user": user.id,
        "message": message,
        "left": 5,
        "until": slack.state.now() + 1800,
    }
    return f"{slack.url}/respond/{name}"
