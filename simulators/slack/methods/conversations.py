"""conversations.*: channels, who is in them, what was said there."""

from __future__ import annotations

from simulators.slack.calling import ApiError, Call, method
from simulators.slack.records import Channel, Json, Message
from simulators.slack.rendered import channel_json, message_json

READ = ("channels:read", "groups:read", "im:read", "mpim:read")
HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
KINDS = {"public_channel": "public", "private_channel": "private", "im": "dm", "mpim": "group"}


@method("conversations.open", "im:write", "mpim:write")
async def open_conversation(call: Call) -> Json:
    if call.args.get("channel"):
        channel = call.channel()
        return {"channel": channel_json(call.state, channel, viewer=call.bot.bot_user)}
    users = str(call.need("users")).split(",")
    if len(users) > 1:
        raise ApiError("not_enough_users")
    user = call.state.users.get(users[0])
    if user is None or user.is_stranger:
        raise ApiError("user_not_found")
    if user.is_bot:
        raise ApiError("cannot_dm_bot")
    if user.deleted:
        raise ApiError("user_disabled")
    channel = call.state.dm(call.bot.bot_user, user.id)
    shown: Json = {"id": channel.id}
    if call.flag("return_im"):
        shown = channel_json(call.state, channel, viewer=call.bot.bot_user)
    return {"channel": shown}


@method("conversations.info", *READ)
async def info(call: Call) -> Json:
    channel = call.channel()
    call.require_scope("read", channel.kind)
    return {"channel": channel_json(call.state, channel, viewer=call.bot.bot_user)}


@method("conversations.members", *READ)
async def members(call: Call) -> Json:
    channel = call.channel()
    call.require_scope("read", channel.kind)
    return call.page(channel.members, "members")


@method("conversations.list", *READ)
async def list_channels(call: Call) -> Json:
    team = call.team()
    found = [c for c in seen(call) if c.team_id == team]
    return call.page([channel_json(call.state, c, viewer=call.bot.bot_user) for c in found], "channels")


@method("users.conversations", *READ)
async def conversations_of(call: Call) -> Json:
    """The channels that somebody is in; without a user, the bot."""
    team = call.team()
    user = str(call.args.get("user") or call.bot.bot_user)
    found = [c for c in seen(call) if c.team_id == team and user in c.members]
    return call.page([channel_json(call.state, c, viewer=call.bot.bot_user) for c in found], "channels")


@method("conversations.join", "channels:join")
async def join(call: Call) -> Json:
    channel = call.channel()
    if channel.kind != "public":
        raise ApiError("method_not_supported_for_channel_type")
    if call.bot.bot_user not in channel.members:
        channel.members.append(call.bot.bot_user)
    return {"channel": channel_json(call.state, channel, viewer=call.bot.bot_user)}


@method("conversations.history", *HISTORY)
async def history(call: Call) -> Json:
    channel = call.channel(must_be_member=True)
    call.require_scope("history", channel.kind)
    first = [m for m in between(call, call.state.in_channel(channel.id)) if m.thread_ts in (None, m.ts)]
    return paged(call, first[::-1])


@method("conversations.replies", *HISTORY)
async def replies(call: Call) -> Json:
    channel = call.channel(must_be_member=True)
    call.require_scope("history", channel.kind)
    ts = str(call.need("ts"))
    found = call.state.messages.get((channel.id, ts))
    if found is None or found.deleted:
        raise ApiError("thread_not_found")
    thread = call.state.in_thread(channel.id, found.thread_ts or ts)
    return paged(call, between(call, thread, always=found.thread_ts or ts))


def seen(call: Call) -> list[Channel]:
    """Channels of the kinds asked for that the bot can see."""
    kinds = {KINDS[kind] for kind in str(call.args.get("types") or "public_channel").split(",")}
    for kind in kinds:
        call.require_scope("read", kind)
    return [
        channel
        for channel in call.state.channels.values()
        if channel.kind in kinds
        and (channel.kind == "public" or call.bot.bot_user in channel.members)
        and not (channel.is_archived and call.flag("exclude_archived"))
    ]


def between(call: Call, messages: list[Message], always: str = "") -> list[Message]:
    """Messages later than `oldest` and earlier than `latest` (themselves too with `inclusive`)."""
    oldest = str(call.args.get("oldest") or "0")
    latest = str(call.args.get("latest") or "99999999999")
    inclusive = call.flag("inclusive")
    return [
        m
        for m in messages
        if oldest < m.ts < latest or (inclusive and m.ts in (oldest, latest)) or m.ts == always
    ]


def paged(call: Call, messages: list[Message]) -> Json:
    """A page of messages, with their metadata if asked for."""
    metadata = call.flag("include_all_metadata")
    page = call.page([message_json(call.state, m, metadata=metadata) for m in messages], "messages", 999)
    return {**page, "has_more": bool(page["response_metadata"]["next_cursor"])}
