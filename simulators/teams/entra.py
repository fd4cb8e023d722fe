"""Entra, as far as a bot needs it: where to get tokens, tokens for the application itself, and which ones are
good."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import jwt
from aiohttp import web

from simulators.teams.faults import answer

if TYPE_CHECKING:
    from simulators.teams.server import FakeTeams


@dataclass
class Entra:
    """Gives tokens for a secret. `lifetime` is in seconds; `issued` maps a token to (tenant, resource)."""

    teams: FakeTeams
    lifetime: int = 3600
    issued: dict[str, tuple[str, str]] = field(default_factory=dict)

    def routes(self) -> list[web.RouteDef]:
        """What it serves."""
        return [
            web.get("/entra/{tenant}/v2.0/.well-known/openid-configuration", self.configuration),
            web.post("/entra/{tenant}/oauth2/v2.0/token", self.token),
        ]

    async def configuration(self, request: web.Request) -> web.Response:
        """The tenant's OpenID configuration; msal will have https in it."""
        base = f"https://{request.host}/entra/{request.match_info['tenant']}"
        return web.json_response(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            }
        )

    async def token(self, request: web.Request) -> web.Response:
        """Client credentials."""
        if fault := self.teams.faults.next("token"):
            return answer(request, fault)
        form = await request.post()
        if (form.get("client_id"), form.get("client_secret")) != (self.teams.app_id, self.teams.app_password):
            said = {"error": "invalid_client", "error_description": "the secret is wrong"}
            return web.json_response(said, status=401)
        resource = str(form["scope"]).removesuffix("/.default")
        claims = {"jti": secrets.token_urlsafe(24), "roles": sorted(self.teams.graph.roles)}
        token = jwt.encode(claims, "a key that Graph alone knows, and nobody looks at", algorithm="HS256")
        self.issued[token] = (request.match_info["tenant"], resource)
        return web.json_response({"token_type": "Bearer", "expires_in": self.lifetime, "access_token": token})

    def is_good(self, request: web.Request, resource: str) -> bool:
        """Whether a request carries a token of ours for a resource."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return self.issued.get(token, ("", ""))[1] == resource
