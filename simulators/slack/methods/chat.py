"""chat.*: messages posted, edited, taken back, or shown to one person alone."""

from __future__ import annotations

from typing import Any

from simulators.slack import limits
from simulators.slack.calling import ApiError, Call, method
from simulators.slack.records import Channel, Json, Message
from simulators.slack.rendered import message_json
from simulators.slack.state import with_ids


@method("chat.postMessage", "chat:write")
async def post_message(call: Call) -> Json:
    channel = where(call)
    limits.check_message(call.args)
    check_pictures(call)
    parent = thread_of(call, channel)
    message = call.state.add(compose(call, channel, call.state.tick(), parent))
    call.slack.echo(message)
    return answered(call, message)


@method("chat.update", "chat:write")
async def update(call: Call) -> Json:
    channel = call.channel()
    message = own_message(call, channel)
    if message.streaming:
        raise ApiError("streaming_state_conflict")
    limits.check_message(call.args, longest_text=limits.LONGEST_UPDATE)
    check_pictures(call)
    message.edits.append((message.text, message.blocks))
    message.text = words(call.args)
    if "blocks" in call.args or "text" in call.args:
        # Text without blocks takes the blocks away.
        message.blocks = with_ids(call.args.get("blocks") or [])
    if "metadata" in call.args:
        message.metadata = call.args["metadata"]
    message.sent = {**message.sent, **call.args}
    call.state.changed()
    call.slack.echo_change(message)
    return {**answered(call, message), "text": message.text}


@method("chat.delete", "chat:write")
async def delete(call: Call) -> Json:
    channel = call.channel()
    message = own_message(call, channel)
    message.deleted = True
    call.state.changed()
    return {"channel": channel.id, "ts": message.ts}


@method("chat.postEphemeral", "chat:write")
async def post_ephemeral(call: Call) -> Json:
    channel = call.channel(must_be_member=True)
    reader = str(call.need("user"))
    if reader not in channel.members:
        raise ApiError("user_not_in_channel")
    limits.check_message(call.args, longest_text=limits.LONGEST_UPDATE)
    check_pictures(call)
    message = compose(call, channel, call.state.tick(), call.args.get("thread_ts"))
    message.ephemeral_to = reader
    call.state.add(message)
    return {"message_ts": message.ts}


@method("chat.getPermalink")
async def get_permalink(call: Call) -> Json:
    channel = call.channel()
    ts = str(call.need("message_ts"))
    if (channel.id, ts) not in call.state.messages:
        raise ApiError("message_not_found")
    return {
        "channel": channel.id,
        "permalink": f"{call.slack.url}/archives/{channel.id}/p{ts.replace('.', '')}",
    }


def where(call: Call) -> Channel:
    """The channel to post in; a user's id stands for the direct conversation with them."""
    wanted = str(call.need("channel"))
    user = call.state.users.get(wanted)
    if user is not None:
        if user.is_bot or user.is_stranger:
            raise ApiError("cannot_dm_bot" if user.is_bot else "channel_not_found")
        return call.state.dm(call.bot.bot_user, user.id)
    channel = call.channel(must_be_member=True)
    if channel.is_archived:
        raise ApiError("is_archived")
    return channel


def thread_of(call: Call, channel: Channel) -> str | None:
    """The thread's first message. Slack takes a reply's ts too, and files under its thread."""
    wanted = call.args.get("thread_ts")
    if not wanted:
        return None
    parent = call.state.messages.get((channel.id, str(wanted)))
    if parent is None or parent.deleted:
        raise ApiError("thread_not_found")
    return parent.thread_ts or parent.ts


def compose(call: Call, channel: Channel, ts: str, thread_ts: str | None) -> Message:
    """The message that a call describes, not yet kept."""
    return Message(
        ts=ts,
        channel=channel.id,
        user=call.bot.bot_user,
        team_id=channel.team_id,
        text=words(call.args),
        blocks=with_ids(call.args.get("blocks") or []),
        thread_ts=thread_ts,
        metadata=call.args.get("metadata"),
        bot_id=call.bot.bot_id,
        sent=dict(call.args),
    )


def words(args: Json) -> str:
    """What a message says in plain text."""
    return str(args.get("text") or args.get("markdown_text") or "")


def own_message(call: Call, channel: Channel) -> Message:
    """The app's own message that a call is about. Raises ApiError."""
    message = call.state.messages.get((channel.id, str(call.need("ts"))))
    if message is None or message.deleted:
        raise ApiError("message_not_found")
    if message.user != call.bot.bot_user:
        raise ApiError("cant_delete_message" if call.method == "chat.delete" else "cant_update_message")
    return message


def check_pictures(call: Call) -> None:
    """Raises ApiError where a picture names a file that is not there yet, or that nobody shared."""
    for picture in _pictures(call.args.get("blocks") or []):
        file = call.state.files.get(str(picture.get("id", "")))
        if file is None or not file.is_complete:
            raise ApiError("invalid_blocks", errors=["invalid slack file"])


def _pictures(part: Any) -> list[Json]:
    if isinstance(part, list):
        return [found for entry in part for found in _pictures(entry)]
    if not isinstance(part, dict):
        return []
    own = [part["slack_file"]] if isinstance(part.get("slack_file"), dict) else []
    return own + [found for entry in part.values() for found in _pictures(entry)]


def answered(call: Call, message: Message) -> Json:
    """What posting and editing answer."""
    rendered = message_json(call.state, message, metadata=True)
    return {"channel": message.channel, "ts": message.ts, "message": rendered}
