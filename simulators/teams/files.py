"""Files: the cards that ask about them, and the OneDrive that takes them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from simulators.teams.faults import answer
from simulators.teams.world import Conversation, Json

if TYPE_CHECKING:
    from simulators.teams.server import FakeTeams

FILE_CONSENT = "application/vnd.microsoft.teams.card.file.consent"
FILE_INFO = "application/vnd.microsoft.teams.card.file.info"


@dataclass
class Room:
    """Room for one file in somebody's OneDrive, open until the file is there."""

    owner: str
    name: str
    size: int
    content: bytes | None = None


@dataclass
class OneDrive:
    """Everybody's, by the secret in each upload's address."""

    teams: FakeTeams
    rooms: dict[str, Room] = field(default_factory=dict)

    def routes(self) -> list[web.RouteDef]:
        """What it serves."""
        return [web.put("/onedrive/upload/{secret}", self.upload)]

    def make_room(self, owner: str, card: Json) -> Json:
        """What a client says of where an accepted file is to go."""
        secret, name = secrets.token_urlsafe(16), str(card["name"])
        self.rooms[secret] = Room(owner, name, int(card["content"]["sizeInBytes"]))
        return {
            "uploadUrl": f"{self.teams.url}/onedrive/upload/{secret}",
            "contentUrl": f"{self.teams.url}/onedrive/{owner}/Documents/Applications/{name}",
            "name": name,
            "uniqueId": secrets.token_hex(16),
            "fileType": name.rpartition(".")[2],
        }

    def kept(self, owner: str) -> dict[str, bytes]:
        """The files that somebody has, by name."""
        rooms = [room for room in self.rooms.values() if room.owner == owner]
        return {room.name: room.content for room in rooms if room.content is not None}

    async def upload(self, request: web.Request) -> web.Response:
        """A whole file: once, of the size that was asked about, and by whoever has the address alone."""
        fault = self.teams.faults.next("upload")
        if fault and not fault.taken:
            return answer(request, fault)
        room = self.rooms.get(request.match_info["secret"])
        if room is None or room.content is not None:
            return web.json_response({"error": {"code": "itemNotFound"}}, status=404)
        if "Authorization" in request.headers:
            return web.json_response({"error": {"code": "unauthenticated"}}, status=401)
        content = await request.read()
        whole = f"bytes 0-{room.size - 1}/{room.size}"
        if len(content) != room.size or request.headers.get("Content-Range") != whole:
            return web.json_response({"error": {"code": "invalidRange"}}, status=416)
        room.content = content
        return answer(request, fault) if fault else web.json_response({"name": room.name}, status=201)


def file_problem(activity: Json, conversation: Conversation) -> str | None:
    """Why Teams would not show a card about a file."""
    for attached in activity.get("attachments") or ():
        content = attached.get("content") or {}
        wanted = {
            FILE_CONSENT: ("sizeInBytes", "acceptContext", "declineContext"),
            FILE_INFO: ("uniqueId", "fileType"),
        }.get(str(attached.get("contentType")))
        if wanted is None:
            continue
        if conversation.kind != "personal" or not attached.get("name"):
            return "BadArgument"
        if any(name not in content for name in wanted):
            return "BadArgument"
        if attached["contentType"] == FILE_INFO and not attached.get("contentUrl"):
            return "BadArgument"
    return None
