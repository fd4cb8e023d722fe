"""chat.*Stream: a message that grows while a model speaks."""

from __future__ import annotations

from simulators.slack import limits
from simulators.slack.calling import ApiError, Call, method
from simulators.slack.methods.chat import compose, own_message, thread_of
from simulators.slack.records import Json, Message
from simulators.slack.rendered import message_json
from simulators.slack.state import with_ids

LONGEST = 12_000


@method("chat.startStream", "chat:write")
async def start(call: Call) -> Json:
    channel = call.channel(must_be_member=True)
    call.need("thread_ts")
    if channel.kind != "dm":
        if not call.args.get("recipient_team_id"):
            raise ApiError("missing_recipient_team_id")
        if not call.args.get("recipient_user_id"):
            raise ApiError("missing_recipient_user_id")
    message = compose(call, channel, call.state.tick(), thread_of(call, channel))
    message.text = ""
    message.streaming = True
    grow(call, message)
    call.state.add(message)
    return {"channel": channel.id, "ts": message.ts}


@method("chat.appendStream", "chat:write")
async def append(call: Call) -> Json:
    message = streaming(call)
    grow(call, message)
    call.state.changed()
    return {"channel": message.channel, "ts": message.ts}


@method("chat.stopStream", "chat:write")
async def stop(call: Call) -> Json:
    message = streaming(call)
    blocks = call.args.get("blocks") or []
    limits.check_blocks(blocks, "message")
    grow(call, message)
    message.blocks = [*message.blocks, *with_ids(blocks)]
    message.metadata = call.args.get("metadata", message.metadata)
    message.streaming = False
    if call.args.get("session_status"):
        call.state.sessions[message.channel, message.thread_ts or ""] = str(call.args["session_status"])
    call.state.changed()
    call.slack.echo(message)
    rendered = message_json(call.state, message, metadata=True)
    return {"channel": message.channel, "ts": message.ts, "message": rendered}


def streaming(call: Call) -> Message:
    """The message that still grows. Raises ApiError."""
    message = own_message(call, call.channel())
    if not message.streaming:
        raise ApiError("message_not_in_streaming_state")
    return message


def grow(call: Call, message: Message) -> None:
    """Add what a call brings. Raises ApiError when it gets too long."""
    added = str(call.args.get("markdown_text") or "")
    chunks = call.args.get("chunks") or []
    if added and chunks:
        raise ApiError("invalid_arguments")
    if len(added) > LONGEST:
        raise ApiError("msg_too_long")
    for chunk in chunks:
        if chunk.get("type") == "markdown_text":
            added += chunk["text"]
        elif chunk.get("type") not in ("task_update", "plan_update", "blocks"):
            raise ApiError("invalid_chunks")
    message.text += added
    message.sent.setdefault("all_chunks", []).extend(chunks)
