"""files.*: an upload in three steps, after which the file appears in its thread a little later."""

from __future__ import annotations

import mimetypes

from aiohttp import web

from simulators.slack.calling import SLACK, ApiError, Call, method
from simulators.slack.records import Channel, File, Json, Message
from simulators.slack.rendered import file_json

WITHOUT_BYTES = b""


@method("files.getUploadURLExternal", "files:write")
async def get_upload_url(call: Call) -> Json:
    name = str(call.need("filename"))
    file = File(call.state.fresh_id("F"), call.bot.account, name, WITHOUT_BYTES, call.bot.bot_user)
    file.mimetype = mimetypes.guess_type(name)[0] or file.mimetype
    file.alt_text = str(call.args["alt_txt"]) if call.args.get("alt_txt") else None
    call.slack.uploads[file.id] = int(call.need("length"))
    call.state.files[file.id] = file
    return {"upload_url": f"{call.slack.url}/upload/{file.id}", "file_id": file.id}


@method("files.completeUploadExternal", "files:write")
async def complete_upload(call: Call) -> Json:
    files = []
    for entry in call.need("files"):
        file = call.state.files.get(str(entry.get("id")))
        if file is None or file.id in call.slack.uploads:
            raise ApiError("file_not_found")
        file.title = str(entry.get("title") or file.name)
        files.append(file)
    channel = None
    if call.args.get("channel_id"):
        channel = call.channel(name="channel_id", must_be_member=True)
    call.slack.later(call.slack.share_delay, lambda: share(call, files, channel))
    return {"files": [{"id": file.id, "title": file.title} for file in files]}


@method("files.info", "files:read")
async def info(call: Call) -> Json:
    file = call.state.files.get(str(call.need("file")))
    if file is None or file.id in call.slack.uploads:
        raise ApiError("file_not_found")
    return {"file": file_json(call.state, file)}


@method("files.delete", "files:write")
async def delete(call: Call) -> Json:
    if call.state.files.pop(str(call.need("file")), None) is None:
        raise ApiError("file_not_found")
    return {}


def share(call: Call, files: list[File], channel: Channel | None) -> None:
    """What Slack does after it answered. A file with `alt_txt` is never shared, and nobody is told."""
    for file in files:
        file.is_complete = True
    shared = [file for file in files if file.alt_text is None]
    if channel is not None and shared:
        message = Message(
            ts=call.state.tick(),
            channel=channel.id,
            user=call.bot.bot_user,
            team_id=channel.team_id,
            text=str(call.args.get("initial_comment") or ""),
            thread_ts=call.args.get("thread_ts"),
            files=[file.id for file in shared],
            bot_id=call.bot.bot_id,
            sent=dict(call.args),
        )
        call.state.add(message)
        for file in shared:
            file.shares.append((channel.id, message.ts))
    call.state.changed()


async def take_upload(request: web.Request) -> web.Response:
    """The second step: the bytes themselves."""
    slack = request.app[SLACK]
    file = slack.state.files.get(request.match_info["file"])
    if file is None or file.id not in slack.uploads:
        return web.Response(status=404, text="no such upload")
    file.content = await _content(request)
    promised = slack.uploads.pop(file.id)
    if len(file.content) != promised:
        return web.Response(status=400, text=f"{promised} bytes were announced, {len(file.content)} came")
    return web.Response(text=f"OK - {len(file.content)}")


async def _content(request: web.Request) -> bytes:
    if request.content_type != "multipart/form-data":
        return await request.read()
    for part in (await request.post()).values():
        if isinstance(part, web.FileField):
            return part.file.read()
    return WITHOUT_BYTES


async def give_file(request: web.Request) -> web.Response:
    """`url_private_download`: the bytes for a bearer token, Slack's sign-in page for everybody else."""
    slack = request.app[SLACK]
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    known = any(token in one.tokens and not one.is_removed for one in slack.state.installations)
    file = slack.state.files.get(request.match_info["file"])
    if not known:
        return web.Response(text="<!doctype html><title>Sign in</title>", content_type="text/html")
    if file is None:
        return web.Response(status=404)
    return web.Response(body=file.content, content_type=file.mimetype)
