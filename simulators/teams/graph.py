"""Microsoft Graph: users, groups, channels, and installing the app. `forbidden` is what nobody consented to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from aiohttp import web

from simulators.teams.faults import answer
from simulators.teams.world import Human, Json, object_id

if TYPE_CHECKING:
    from simulators.teams.server import FakeTeams

Permission = Literal["users", "groups", "channels", "installing"]

_LARGEST_PAGE = 999

_ROLES: dict[Permission, tuple[str, ...]] = {
    "users": ("User.Read.All",),
    "groups": ("GroupMember.Read.All",),
    "channels": ("Channel.ReadBasic.All",),
    "installing": ("AppCatalog.Read.All", "TeamsAppInstallation.ReadWriteSelfForUser.All"),
}


@dataclass
class Graph:
    """Graph over a world."""

    teams: FakeTeams
    forbidden: set[Permission] = field(default_factory=set)
    installed: list[str] = field(default_factory=list)

    @property
    def roles(self) -> set[str]:
        """The application permissions that were consented to, as tokens name them."""
        return {
            role for permission, roles in _ROLES.items() if permission not in self.forbidden for role in roles
        }

    def routes(self) -> list[web.RouteDef]:
        """What it serves."""
        return [
            web.get("/graph/v1.0/users", self.users),
            web.get("/graph/v1.0/users/{user}", self.user),
            web.get("/graph/v1.0/groups", self.groups),
            web.get("/graph/v1.0/groups/{group}/members/microsoft.graph.user", self.members),
            web.get("/graph/v1.0/teams/{group}/channels/{channel}", self.channel),
            web.get("/graph/v1.0/appCatalogs/teamsApps", self.catalogue),
            web.post("/graph/v1.0/users/{user}/teamwork/installedApps", self.install),
        ]

    def _refusal(self, request: web.Request, permission: Permission) -> web.Response | None:
        if fault := self.teams.faults.next("graph"):
            return answer(request, fault)
        if not self.teams.entra.is_good(request, self.teams.url):
            return _error(401, "InvalidAuthenticationToken")
        return _error(403, "Authorization_RequestDenied") if permission in self.forbidden else None

    async def user(self, request: web.Request) -> web.Response:
        """Somebody by object id."""
        if refusal := self._refusal(request, "users"):
            return refusal
        human = self.teams.world.human(request.match_info["user"])
        if human is None or (human.tenant != self.teams.world.tenant and not human.is_guest):
            return _error(404, "Request_ResourceNotFound")
        return web.json_response(human.as_user())

    async def users(self, request: web.Request) -> web.Response:
        """Everybody in pages, or whoever has a mail address or principal name."""
        if refusal := self._refusal(request, "users"):
            return refusal
        people = self.teams.world.people.values()
        here = [each for each in people if each.tenant == self.teams.world.tenant or each.is_guest]
        asked = request.query.get("$filter")
        if asked is None:
            return self._page(request, here)
        found = [
            each for each in here if f"mail eq '{each.email}'" in asked or f"eq '{each.principal}'" in asked
        ]
        return web.json_response({"value": [each.as_user() for each in found]})

    async def groups(self, request: web.Request) -> web.Response:
        """The groups with a name."""
        if refusal := self._refusal(request, "groups"):
            return refusal
        asked = request.query["$filter"]
        found = [name for name in self.teams.world.groups if asked == f"displayName eq '{name}'"]
        return web.json_response({"value": [{"id": object_id(f"{name}.groups")} for name in found]})

    async def members(self, request: web.Request) -> web.Response:
        """A group's people, in pages."""
        if refusal := self._refusal(request, "groups"):
            return refusal
        ids = {object_id(f"{name}.groups"): name for name in self.teams.world.groups}
        name = ids.get(request.match_info["group"])
        if name is None:
            return _error(404, "Request_ResourceNotFound")
        people = [self.teams.world.people[each] for each in self.teams.world.groups[name]]
        return self._page(request, people)

    def _page(self, request: web.Request, people: list[Human]) -> web.Response:
        size = min(int(request.query.get("$top", "100")), _LARGEST_PAGE)
        start = int(request.query.get("$skiptoken", "0"))
        answer: Json = {"value": [each.as_user() for each in people[start : start + size]]}
        if start + size < len(people):
            following = request.url.update_query({"$skiptoken": str(start + size)})
            answer["@odata.nextLink"] = str(following)
        return web.json_response(answer)

    async def channel(self, request: web.Request) -> web.Response:
        """A channel of a team."""
        if refusal := self._refusal(request, "channels"):
            return refusal
        found = self.teams.world.conversations.get(request.match_info["channel"])
        team = found and found.team and self.teams.world.teams[found.team]
        if not found or not team or team.group != request.match_info["group"]:
            return _error(404, "NotFound")
        return web.json_response(
            {"id": found.id, "displayName": found.name, "membershipType": found.membership}
        )

    async def catalogue(self, request: web.Request) -> web.Response:
        """The tenant's apps by their manifest's id."""
        if refusal := self._refusal(request, "installing"):
            return refusal
        asked = request.query["$filter"] == f"externalId eq '{self.teams.app_id}'"
        apps = [{"id": "catalogue-id"}] if asked and self.teams.world.in_catalogue else []
        return web.json_response({"value": apps})

    async def install(self, request: web.Request) -> web.Response:
        """Install the app for somebody."""
        if refusal := self._refusal(request, "installing"):
            return refusal
        human = self.teams.world.human(request.match_info["user"])
        bound = (await request.json())["teamsApp@odata.bind"]
        if human is None or not bound.endswith("/appCatalogs/teamsApps/catalogue-id"):
            return _error(404, "NotFound")
        if human.name in self.installed:
            return _error(409, "Conflict")
        self.installed.append(human.name)
        self.teams.world.personal(human.name).has_bot = True
        return web.Response(status=201)


def _error(status: int, code: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": code}}, status=status)
