"""`response_url`: answers to a press or a command without a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from simulators.slack import limits
from simulators.slack.calling import SLACK, ApiError
from simulators.slack.records import Json, Message
from simulators.slack.state import with_ids

if TYPE_CHECKING:
    from simulators.slack.server import FakeSlack


async def take(request: web.Request) -> web.Response:
    """Five answers in half an hour: new ones, or in place of the message that was pressed."""
    slack = request.app[SLACK]
    url = slack.state.response_urls.get(request.match_info["name"])
    if url is None or url["left"] == 0 or slack.state.now() > url["until"]:
        return web.json_response({"ok": False, "error": "used_url"}, status=404)
    url["left"] -= 1
    body = await request.json()
    original: Message | None = url["message"]
    if original is not None and body.get("delete_original"):
        original.deleted = True
        slack.state.changed()
        return web.json_response({"ok": True})
    try:
        limits.check_message(body)
    except ApiError as error:
        return web.json_response({"ok": False, "error": error.error}, status=400)
    if original is not None and body.get("replace_original"):
        original.edits.append((original.text, original.blocks))
        original.text, original.blocks = str(body.get("text") or ""), with_ids(body.get("blocks") or [])
        slack.state.changed()
    else:
        show(slack, url["channel"], url["user"], body)
    return web.json_response({"ok": True})


def show(slack: FakeSlack, channel_id: str, user_id: str, body: Json) -> Message:
    """Post what an app answered: to one person, unless it says `in_channel`."""
    state = slack.state
    channel = state.channels[channel_id]
    installed = state.installation(channel.team_id)
    if installed is None:
        raise LookupError(f"The app is not installed in {channel.team_id}.")
    return state.add(
        Message(
            ts=state.tick(),
            channel=channel_id,
            user=installed.bot_user,
            team_id=channel.team_id,
            text=str(body.get("text") or ""),
            blocks=with_ids(body.get("blocks") or []),
            thread_ts=body.get("thread_ts"),
            bot_id=installed.bot_id,
            ephemeral_to=None if body.get("response_type") == "in_channel" else user_id,
            sent=dict(body),
        )
    )
