"""assistant.threads.* and agents.sessions.*: what an agent says about its work beside its messages."""

from __future__ import annotations

from simulators.slack.calling import ApiError, Call, method
from simulators.slack.records import Json

STATUSES = ("active", "processing", "suspended", "closed")
SCOPES = ("assistant:write", "chat:write")


@method("assistant.threads.setStatus", *SCOPES)
async def set_status(call: Call) -> Json:
    call.state.thread_status[_thread(call)] = str(call.args.get("status", ""))
    call.state.changed()
    return {}


@method("assistant.threads.setSuggestedPrompts", "assistant:write")
async def set_suggested_prompts(call: Call) -> Json:
    prompts = call.need("prompts")
    if len(prompts) > 4:
        raise ApiError("too_many_prompts")
    channel = call.channel(name="channel_id")
    call.state.suggested[channel.id, str(call.args.get("thread_ts") or "")] = prompts
    call.state.changed()
    return {}


@method("assistant.threads.setTitle", "assistant:write")
async def set_title(call: Call) -> Json:
    call.state.thread_titles[_thread(call)] = str(call.need("title"))
    call.state.changed()
    return {}


@method("agents.sessions.setStatus", "chat:write")
async def set_session_status(call: Call) -> Json:
    thread = _thread(call)
    status = str(call.need("status"))
    if status not in STATUSES:
        raise ApiError("invalid_status")
    call.state.sessions[thread] = status
    if call.args.get("title"):
        call.state.thread_titles.setdefault(thread, str(call.args["title"]))
    call.state.changed()
    return {"status": status, "agent_status": status, "title": call.state.thread_titles.get(thread, "")}


@method("agents.sessions.rename", "chat:write")
async def rename_session(call: Call) -> Json:
    thread = _thread(call)
    if thread not in call.state.sessions:
        raise ApiError("session_not_found")
    call.state.thread_titles[thread] = str(call.need("title"))
    call.state.changed()
    return {}


def _thread(call: Call) -> tuple[str, str]:
    channel = call.channel(name="channel_id")
    ts = str(call.need("thread_ts"))
    if (channel.id, ts) not in call.state.messages:
        raise ApiError("thread_not_found")
    return channel.id, ts
