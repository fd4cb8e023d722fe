"""Signing in with Slack, from Slack's side: its page, its token, its keys."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.fakes.id_tokens import IdTokens

CLIENT_ID = "10.20"
CLIENT_SECRET = "slack-secret"
CLAIM = "https://slack.com/"


@dataclass
class SlackOpenId:
    """Signs in as `user` of `team`, whoever asks; with `error`, its page sends back that instead.

    `asked` are the queries that its page was opened with; `is_down` answers 503 to the app.
    """

    user: str = "U0AMANDA"
    team: str = "T0ACME"
    enterprise: str | None = None
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
            "slack_api_url": f"{self.url}/api/",
            "slack_client_id": CLIENT_ID,
            "slack_client_secret": CLIENT_SECRET,
            "slack_workspaces": "T0ACME",
        }

    async def authorize(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        self.asked.append(query)
        if query["client_id"] != CLIENT_ID or query["scope"] != "openid" or query["response_type"] != "code":
            return web.Response(status=400)
        answer = {"state": query["state"]}
        if self.error:
            answer["error"] = self.error
        else:
            answer["code"] = secrets.token_hex(8)
            self.codes[answer["code"]] = query
        return web.Response(status=302, headers={"Location": f"{query['redirect_uri']}?{urlencode(answer)}"})

    async def token(self, request: web.Request) -> web.Response:
        if self.is_down:
            return web.Response(status=503, text="upstream error")
        form = await request.post()
        if (form["client_id"], form["client_secret"]) != (CLIENT_ID, CLIENT_SECRET):
            return web.json_response({"ok": False, "error": "bad_client_secret"})
        grant = self.codes.pop(str(form["code"]), None)
        if grant is None:
            return web.json_response({"ok": False, "error": "invalid_code"})
        if grant["redirect_uri"] != form["redirect_uri"]:
            return web.json_response({"ok": False, "error": "bad_redirect_uri"})
        token = self.tokens.token(
            **{
                "sub": self.user,
                "nonce": grant["nonce"],
                f"{CLAIM}user_id": self.user,
                f"{CLAIM}team_id": self.team,
                f"{CLAIM}enterprise_id": self.enterprise,
            }
        )
        answer = {"ok": True, "access_token": "xoxp-1", "token_type": "Bearer", "id_token": token}
        return web.json_response(answer)

    async def keys(self, _request: web.Request) -> web.Response:
        return web.json_response(self.tokens.keys())


@asynccontextmanager
async def serving() -> AsyncIterator[SlackOpenId]:
    """A Slack that people can sign in with."""
    slack = SlackOpenId()
    app = web.Application()
    app.router.add_get("/openid/connect/authorize", slack.authorize)
    app.router.add_get("/openid/connect/keys", slack.keys)
    app.router.add_post("/api/openid.connect.token", slack.token)
    async with TestServer(app, host="127.0.0.1") as server:
        slack.url = str(server.make_url("")).rstrip("/")
        slack.tokens.issuer = slack.url
        yield slack
