"""The connector: what bots send, edit, delete and ask for, kept in the world as Teams would keep it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from simulators.teams.faults import Call, answer
from simulators.teams.files import FILE_CONSENT, FILE_INFO, file_problem
from simulators.teams.world import Conversation, Json, Message

if TYPE_CHECKING:
    from simulators.teams.server import FakeTeams

RESOURCE = "https://api.botframework.com"
LARGEST = 100 * 1024
"""Bytes of one message that Teams takes from a bot."""

ADAPTIVE_CARD = "application/vnd.microsoft.card.adaptive"


@dataclass
class Connector:
    """The connector of one region. `page` is the most members it gives at a time."""

    teams: FakeTeams
    page: int = 500

    def routes(self) -> list[web.RouteDef]:
        """What it serves."""
        one = "/connector/v3/conversations/{conversation}"
        return [
            web.post("/connector/v3/conversations", self.create),
            web.post(f"{one}/activities", self.send),
            web.put(f"{one}/activities/{{activity}}", self.update),
            web.delete(f"{one}/activities/{{activity}}", self.delete),
            web.get(f"{one}/members/{{member}}", self.member),
            web.get(f"{one}/pagedmembers", self.members),
            web.get("/connector/v3/teams/{team}", self.team),
        ]

    def _refusal(self, request: web.Request) -> web.Response | None:
        return None if self.teams.entra.is_good(request, RESOURCE) else _error(401, "Unauthorized")

    def _there(self, request: web.Request) -> tuple[Conversation | None, str | None]:
        conversation, _, root = request.match_info["conversation"].partition(";messageid=")
        return self.teams.world.conversations.get(conversation), root or None

    async def create(self, request: web.Request) -> web.Response:
        """A personal chat: only with whoever has the bot, alone or in a team."""
        if refusal := self._refusal(request):
            return refusal
        if fault := self.teams.faults.next("create"):
            return answer(request, fault)
        asked = await request.json()
        human = self.teams.world.human(asked["members"][0]["id"])
        if human is None or asked["channelData"]["tenant"]["id"] != self.teams.world.tenant:
            return _error(404, "NotFound")
        chat = self.teams.world.personal(human.name, has_bot=False)
        teams = self.teams.world.conversations.values()
        if not chat.has_bot and not any(each.team and human.name in each.members for each in teams):
            return _error(403, "BotNotInConversationRoster")
        chat.has_bot = True
        return web.json_response({"id": chat.id}, status=201)

    async def send(self, request: web.Request) -> web.Response:
        """A new message."""
        return await self._write(request, "send", None)

    async def update(self, request: web.Request) -> web.Response:
        """An edit, which everybody sees."""
        conversation, _ = self._there(request)
        wanted = request.match_info["activity"]
        found = [each for each in conversation.messages if each.id == wanted] if conversation else []
        if not found or found[0].is_deleted:
            return self._refusal(request) or _error(404, "MessageNotFound")
        return await self._write(request, "update", found[0])

    async def _write(self, request: web.Request, call: Call, old: Message | None) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        fault = self.teams.faults.next(call)
        if fault and not fault.taken:
            return answer(request, fault)
        conversation, root = self._there(request)
        if conversation is None:
            return _error(404, "ConversationNotFound")
        if not conversation.has_bot:
            return _error(403, "BotNotInConversationRoster")
        body = await request.read()
        if len(body) > LARGEST:
            return _error(413, "MessageSizeTooBig")
        activity: Json = json.loads(body)
        problem = _problem(activity) or file_problem(activity, conversation)
        if problem:
            return _error(400, problem)
        message = old or Message(self.teams.world.next_id(), conversation.id, root, "bot")
        message.text, message.summary = activity.get("text") or "", activity.get("summary") or ""
        attached = next(iter(activity.get("attachments") or []), None)
        is_file = attached is not None and attached["contentType"] in (FILE_CONSENT, FILE_INFO)
        message.card = attached["content"] if attached and not is_file else None
        message.file = attached if is_file else None
        if old:
            old.edits += 1
        else:
            conversation.messages.append(message)
        await self.teams.changed()
        return answer(request, fault) if fault else web.json_response({"id": message.id}, status=201)

    async def delete(self, request: web.Request) -> web.Response:
        """Take a message back."""
        if refusal := self._refusal(request):
            return refusal
        if fault := self.teams.faults.next("delete"):
            return answer(request, fault)
        conversation, _ = self._there(request)
        for message in conversation.messages if conversation else ():
            if message.id == request.match_info["activity"]:
                message.is_deleted = True
                await self.teams.changed()
                return web.Response()
        return _error(404, "MessageNotFound")

    async def member(self, request: web.Request) -> web.Response:
        """One member."""
        if refusal := self._refusal(request):
            return refusal
        if fault := self.teams.faults.next("members"):
            return answer(request, fault)
        conversation, _ = self._there(request)
        human = self.teams.world.human(request.match_info["member"])
        if conversation is None or human is None or human.name not in conversation.members:
            return _error(404, "MemberNotFoundInConversation")
        return web.json_response(human.as_member())

    async def members(self, request: web.Request) -> web.Response:
        """All members, by pages."""
        if refusal := self._refusal(request):
            return refusal
        if fault := self.teams.faults.next("members"):
            return answer(request, fault)
        conversation, _ = self._there(request)
        if conversation is None:
            return _error(404, "ConversationNotFound")
        since = int(request.query.get("continuationToken", "0"))
        size = min(int(request.query.get("pageSize", "200")), self.page)
        shown = conversation.members[since : since + size]
        page: Json = {"members": [self.teams.world.people[name].as_member() for name in shown]}
        if since + size < len(conversation.members):
            page["continuationToken"] = str(since + size)
        return web.json_response(page)

    async def team(self, request: web.Request) -> web.Response:
        """A team's details."""
        if refusal := self._refusal(request):
            return refusal
        found = [each for each in self.teams.world.teams.values() if each.id == request.match_info["team"]]
        if not found:
            return _error(404, "NotFound")
        return web.json_response({"id": found[0].id, "name": found[0].name, "aadGroupId": found[0].group})


def _problem(activity: Json) -> str | None:
    """Why Teams would not show this."""
    if activity.get("type") != "message":
        return "BadArgument"
    attachments = activity.get("attachments") or []
    if not activity.get("text") and not attachments:
        return "EmptyMessage"
    for attachment in attachments:
        card = attachment.get("content") or {}
        if attachment.get("contentType") == ADAPTIVE_CARD and card.get("type") != "AdaptiveCard":
            return "InvalidCard"
    return None


def _error(status: int, code: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": code}}, status=status)
