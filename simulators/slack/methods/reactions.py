"""reactions.*"""

from __future__ import annotations

from simulators.slack.calling import ApiError, Call, method
from simulators.slack.records import Json, Message


@method("reactions.add", "reactions:write")
async def add(call: Call) -> Json:
    users = _message(call).reactions.setdefault(str(call.need("name")).strip(":"), [])
    if call.bot.bot_user in users:
        raise ApiError("already_reacted")
    users.append(call.bot.bot_user)
    call.state.changed()
    return {}


@method("reactions.remove", "reactions:write")
async def remove(call: Call) -> Json:
    message = _message(call)
    name = str(call.need("name")).strip(":")
    if call.bot.bot_user not in message.reactions.get(name, []):
        raise ApiError("no_reaction")
    message.reactions[name].remove(call.bot.bot_user)
    if not message.reactions[name]:
        del message.reactions[name]
    call.state.changed()
    return {}


def _message(call: Call) -> Message:
    channel = call.channel(must_be_member=True)
    message = call.state.messages.get((channel.id, str(call.need("timestamp"))))
    if message is None or message.deleted:
        raise ApiError("message_not_found")
    return message
