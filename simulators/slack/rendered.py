"""Records as Slack's Web API and its events write them."""

from __future__ import annotations

from typing import Any

from simulators.slack.records import Channel, File, Json, Message, User, View
from simulators.slack.state import State

APP_ID = "A0FAKEAPP"


def message_json(state: State, message: Message, *, metadata: bool = False) -> Json:
    """A message as histories, events and interactions have it."""
    user = state.users.get(message.user)
    found: Json = {
        "type": "message",
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "team": message.team_id,
        "blocks": message.blocks,
    }
    if message.thread_ts:
        found["thread_ts"] = message.thread_ts
    if message.bot_id and user is not None:
        found |= {"bot_id": message.bot_id, "app_id": APP_ID}
        found["bot_profile"] = {
            "id": message.bot_id,
            "app_id": APP_ID,
            "name": user.name,
            "team_id": message.team_id,
        }
    if message.edits:
        found["edited"] = {"user": message.user, "ts": message.ts}
    if message.files:
        found["files"] = [file_json(state, state.files[one]) for one in message.files]
    if metadata and message.metadata:
        found["metadata"] = message.metadata
    if message.reactions:
        found["reactions"] = [
            {"name": name, "users": users, "count": len(users)} for name, users in message.reactions.items()
        ]
    return found


def user_json(state: State, user: User, *, email: bool = True) -> Json:
    """An account as users.info has it; the address needs a scope of its own."""
    profile: Json = {
        "real_name": user.name,
        "display_name": user.handle,
        "title": user.title,
        "team": user.team_id,
    }
    if email and not user.is_stranger and not user.is_bot:
        profile["email"] = user.email
    found: Json = {
        "id": user.id,
        "team_id": user.team_id,
        "name": user.handle,
        "real_name": user.name,
        "deleted": user.deleted,
        "profile": profile,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "is_email_confirmed": user.is_email_confirmed,
        "tz": user.tz,
        "tz_offset": user.tz_offset,
        "updated": int(state.now()),
    }
    if user.is_stranger:
        found["is_stranger"] = True
    else:
        found |= {"is_restricted": user.is_restricted, "is_ultra_restricted": user.is_ultra_restricted}
    enterprise = state.enterprise_of(user.team_id)
    if enterprise and not user.is_stranger:
        teams = [t.id for t in state.workspaces.values() if t.enterprise_id == enterprise]
        found["enterprise_user"] = {"id": user.id, "enterprise_id": enterprise, "teams": teams}
    return found


def channel_json(state: State, channel: Channel, *, viewer: str | None = None) -> Json:
    """A channel as conversations.info has it."""
    is_dm = channel.kind == "dm"
    found: Json = {
        "id": channel.id,
        "is_channel": channel.kind == "public",
        "is_group": channel.kind == "private",
        "is_im": is_dm,
        "is_mpim": channel.kind == "group",
        "is_private": channel.kind != "public",
        "is_archived": channel.is_archived,
        "is_ext_shared": channel.is_ext_shared,
        "is_org_shared": channel.is_org_shared,
        "is_shared": channel.is_ext_shared or channel.is_org_shared,
        "context_team_id": channel.team_id,
        "created": 1_700_000_000,
    }
    if is_dm:
        found["user"] = next((m for m in channel.members if m != viewer), "")
    else:
        found |= {
            "name": channel.name,
            "name_normalized": channel.name,
            "is_member": viewer in channel.members,
            "num_members": len(channel.members),
            "purpose": {"value": channel.purpose, "creator": "", "last_set": 0},
        }
    return found


def file_json(state: State, file: File) -> Json:
    """A file as files.info has it. Type and shares show once Slack is done with it, after the upload."""
    shares: dict[str, dict[str, list[Json]]] = {"public": {}, "private": {}}
    for channel_id, ts in file.shares:
        kind = "public" if state.channels[channel_id].kind == "public" else "private"
        message = state.messages[channel_id, ts]
        entry: Json = {"ts": ts, **({"thread_ts": message.thread_ts} if message.thread_ts else {})}
        shares[kind].setdefault(channel_id, []).append(entry)
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": file.mimetype if file.is_complete else "",
        "filetype": file.name.rpartition(".")[2],
        "size": len(file.content),
        "user": file.user,
        "mode": "hosted",
        "url_private": f"{state.url}/files-pri/{file.id}/{file.name}",
        "url_private_download": f"{state.url}/files-pri/{file.id}/{file.name}",
        "shares": {kind: where for kind, where in shares.items() if where},
        "channels": [c for c, _ in file.shares if state.channels[c].kind == "public"],
        "groups": [c for c, _ in file.shares if state.channels[c].kind == "private"],
        "ims": [c for c, _ in file.shares if state.channels[c].kind == "dm"],
    }


def view_json(state: State, view: View, values: Json | None = None) -> Json:
    """A view as views.open answers it and interactions carry it."""
    content: dict[str, Any] = {
        "private_metadata": "",
        "callback_id": "",
        "close": None,
        "submit": None,
        "notify_on_close": False,
        "clear_on_close": False,
        "external_id": "",
        **view.content,
    }
    installed = state.installation(view.team_id)
    return {
        **content,
        "id": view.id,
        "team_id": view.team_id,
        "hash": view.hash,
        "state": {"values": values or {}},
        "root_view_id": view.root_id or view.id,
        "previous_view_id": view.previous_id,
        "app_id": APP_ID,
        "app_installed_team_id": installed.account if installed and installed.is_org_wide else view.team_id,
        "bot_id": installed.bot_id if installed else "",
    }
