"""users.*: who there is."""

from __future__ import annotations

from simulators.slack.calling import ApiError, Call, method
from simulators.slack.records import Json, User
from simulators.slack.rendered import user_json


@method("users.info", "users:read")
async def info(call: Call) -> Json:
    user = call.state.users.get(str(call.need("user")))
    if user is None or not is_visible(call, user):
        raise ApiError("user_not_found")
    return {"user": shown(call, user)}


@method("users.list", "users:read")
async def list_users(call: Call) -> Json:
    team = call.team()
    return call.page([shown(call, u) for u in call.state.users.values() if u.team_id == team], "members")


@method("users.lookupByEmail", "users:read.email")
async def look_up_by_email(call: Call) -> Json:
    wanted = str(call.need("email")).lower()
    for user in call.state.users.values():
        if user.email.lower() == wanted and is_visible(call, user) and not (user.deleted or user.is_stranger):
            return {"user": shown(call, user)}
    raise ApiError("users_not_found")


def is_visible(call: Call, user: User) -> bool:
    """Members of the token's workspaces, and strangers in a channel that the bot shares with them."""
    if user.team_id in call.state.teams_of(call.bot):
        return True
    return any(
        user.id in channel.members and call.bot.bot_user in channel.members
        for channel in call.state.channels.values()
    )


def shown(call: Call, user: User) -> Json:
    """An account, its address only for those who may read it."""
    scopes = call.bot.scopes
    return user_json(call.state, user, email=scopes is None or "users:read.email" in scopes)
