"""Entra's side of signing in: its configuration, its page, its tokens, its keys."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.test_utils import TestServer

from simulators.entra import certificate
from simulators.id_tokens import IdTokens

CLIENT_ID = "11111111-aaaa-4aaa-8aaa-111111111111"
CLIENT_SECRET = "entra-secret"
TENANT = "22222222-bbbb-4bbb-8bbb-222222222222"
AMANDA = "33333333-cccc-4ccc-8ccc-333333333333"


@dataclass
class FakeEntra:
    """Signs in as `user` of `tenant`, whoever asks; with `error`, its page sends back that instead.

    `asked` are the queries that its page was opened with; `is_down` answers 503 to the app.
    """

    user: str = AMANDA
    tenant: str = TENANT
    error: str | None = None
    is_down: bool = False
    url: str = ""
    tokens: IdTokens = field(default_factory=lambda: IdTokens("", CLIENT_ID))
    asked: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        """Countersign's settings for it."""
        return {
            "entra_authority": self.url,
            "teams_app_id": CLIENT_ID,
            "teams_app_password": CLIENT_SECRET,
            "entra_tenants": TENANT,
        }

    async def configuration(self, request: web.Request) -> web.Response:
        if self.is_down:
            return web.Response(status=503)
        tenant = request.match_info["tenant"]
        if tenant not in (TENANT, "organizations"):
            return web.json_response({"error": "invalid_tenant"}, status=400)
        root = f"{self.url}/{tenant}"
        return web.json_response(
            {
                "issuer": f"{self.url}/{'{tenantid}' if tenant == 'organizations' else tenant}/v2.0",
                "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
                "token_endpoint": f"{root}/oauth2/v2.0/token",
                "jwks_uri": f"{root}/discovery/v2.0/keys",
            }
        )

    async def authorize(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        self.asked.append(query)
        if query["client_id"] != CLIENT_ID or query["code_challenge_method"] != "S256":
            return web.Response(status=400)
        answer = {"state": query["state"], "session_state": "s"}
        if self.error:
            answer |= {"error": self.error, "error_description": "AADSTS65004: declined"}
        else:
            answer["code"] = secrets.token_hex(8)
            self.codes[answer["code"]] = query
        return web.Response(status=302, headers={"Location": f"{query['redirect_uri']}?{urlencode(answer)}"})

    async def token(self, request: web.Request) -> web.Response:
        form = dict(await request.post())
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return web.json_response({"error": "invalid_client"}, status=401)
        grant = self.codes.pop(str(form.get("code")), None)
        if grant is None or grant["redirect_uri"] != form.get("redirect_uri"):
            return web.json_response({"error": "invalid_grant"}, status=400)
        if _challenge(str(form.get("code_verifier"))) != grant["code_challenge"]:
            return web.json_response({"error": "invalid_grant", "suberror": "bad_verifier"}, status=400)
        claims: dict[str, Any] = {
            "iss": f"{self.url}/{self.tenant}/v2.0",
            "sub": secrets.token_hex(8),
            "ver": "2.0",
            "tid": self.tenant,
            "oid": self.user,
            "nonce": grant["nonce"],
        }
        answer = {"token_type": "Bearer", "expires_in": 3600, "access_token": "eyJ", "scope": "openid profile"}
        return web.json_response({**answer, "id_token": self.tokens.token(**claims)})

    async def keys(self, _request: web.Request) -> web.Response:
        return web.json_response(self.tokens.keys())


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[FakeEntra]:
    """An Entra that people can sign in with. Its certificate is `folder / "entra.pem"`."""
    entra = FakeEntra()
    app = web.Application()
    app.router.add_get("/{tenant}/v2.0/.well-known/openid-configuration", entra.configuration)
    app.router.add_get("/{tenant}/oauth2/v2.0/authorize", entra.authorize)
    app.router.add_post("/{tenant}/oauth2/v2.0/token", entra.token)
    app.router.add_get("/{tenant}/discovery/v2.0/keys", entra.keys)
    server = TestServer(app, host="127.0.0.1", scheme="https")
    await server.start_server(ssl=certificate.serving(certificate.make(folder)))
    entra.url = str(server.make_url("")).rstrip("/")
    yield entra
    await server.close()
