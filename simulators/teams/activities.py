"""Activities as the Bot Framework sends them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from simulators.teams.world import Conversation, Human, Json, Message

if TYPE_CHECKING:
    from simulators.teams.server import FakeTeams


def frame(
    teams: FakeTeams, type_: str, human: Human, conversation: Conversation, root: str | None, **rest: Any
) -> Json:
    """What all activities have."""
    world = teams.world
    data: Json = {"tenant": {"id": world.tenant}}
    whole = conversation.id if root is None else f"{conversation.id};messageid={root}"
    if conversation.team:
        team = world.teams[conversation.team]
        data |= {"team": {"id": team.id}, "channel": {"id": conversation.id}, "teamsTeamId": team.id}
    sender: Json = {"id": human.teams_id, "name": human.full_name}
    if human.has_object_id:
        sender["aadObjectId"] = human.id
    return {
        "type": type_,
        "id": rest.pop("id", None) or f"f:{uuid.uuid4()}",
        "timestamp": "2026-11-26T09:00:00.1234567Z",
        "localTimezone": "Europe/Dublin",
        "channelId": "msteams",
        "serviceUrl": teams.service_url,
        "from": sender,
        "recipient": {"id": teams.bot_id, "name": teams.bot_name},
        "conversation": {
            "id": whole,
            "conversationType": conversation.kind,
            "tenantId": world.tenant,
            **({} if conversation.kind == "personal" else {"isGroup": True}),
        },
        "channelData": data,
        **rest,
    }


def message(
    teams: FakeTeams, human: Human, conversation: Conversation, root: str | None, text: str, id: str
) -> Json:
    """Somebody says something; `@bot` is a mention of the bot, `@name` of somebody else."""
    entities: list[Json] = []
    for name, account in (("bot", None), *((each.name, each) for each in teams.world.people.values())):
        if f"@{name}" not in text:
            continue
        shown = teams.bot_name if account is None else account.full_name
        told = {"id": teams.bot_id if account is None else account.teams_id, "name": shown}
        entities.append({"type": "mention", "mentioned": told, "text": f"<at>{shown}</at>"})
        text = text.replace(f"@{name}", f"<at>{shown}</at>")
    return frame(
        teams,
        "message",
        human,
        conversation,
        root,
        id=id,
        text=text,
        textFormat="plain",
        entities=[*entities, {"type": "clientInfo", "locale": "en-US", "country": "US", "platform": "Web"}],
        attachments=[{"contentType": "text/html", "content": f"<p>{text}</p>"}],
    )


def invoke(
    teams: FakeTeams, human: Human, conversation: Conversation, on: Message, name: str, value: Json
) -> Json:
    """Something is pressed or sent in, and its answer waited for."""
    return frame(teams, "invoke", human, conversation, on.root, name=name, value=value, replyToId=on.id)


def came(teams: FakeTeams, human: Human, conversation: Conversation, *, left: bool = False) -> Json:
    """The bot is added or removed. For a team this comes in its General channel, with the team's group."""
    moved = {"membersRemoved" if left else "membersAdded": [{"id": teams.bot_id}]}
    activity = frame(teams, "conversationUpdate", human, conversation, None, **moved)
    if conversation.team:
        team = teams.world.teams[conversation.team]
        activity["conversation"]["id"] = team.id
        activity["channelData"]["team"] |= {"aadGroupId": team.group, "name": team.name}
        activity["channelData"]["channel"] = {"id": team.id}
    return activity
