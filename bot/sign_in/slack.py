"""Signing in with Slack: OpenID Connect's authorization code flow."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from bot.sign_in.configuration import SlackApp
from bot.sign_in.id_tokens import IdTokens, KeyRing
from bot.sign_in.provider import Provider
from bot.sign_in.ways import Begun, NotFinished, Outsider, ProofRefused
from bot.slack.addresses import PLATFORM, Address

_CLAIM = "https://slack.com/"
"""Slack's own claims begin with this, wherever its Web API is."""

_ID = re.compile(r"[A-Z0-9]{2,40}")


class SlackWay:
    """Proves `slack:E1/T1/U1`, or `slack:T1/U1` where a workspace belongs to no organisation."""

    name = "slack"
    platform = PLATFORM
    label = "Slack"
    chat = "Slack"

    def __init__(self, app: SlackApp) -> None:
        self._app = app
        self._provider = Provider(self.label)
        parts = urlsplit(app.api_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        keys = KeyRing(self._provider, f"{self._origin}/openid/connect/keys")
        self._tokens = IdTokens(keys, app.client_id)

    async def begin(self, state: str, back: str) -> Begun:
        """Begin at Slack's own page."""
        nonce = secrets.token_urlsafe(32)
        query = {
            "response_type": "code",
            "scope": "openid",
            "client_id": self._app.client_id,
            "state": state,
            "nonce": nonce,
            "redirect_uri": back,
            **self._team(),
        }
        address = f"{self._origin}/openid/connect/authorize?{urlencode(query)}"
        return Begun(address, {"nonce": nonce, "back": back})

    async def finish(self, kept: Mapping[str, Any], answer: Mapping[str, str]) -> str:
        """The Slack user who comes back with a code. Raises SignInFailed."""
        if "code" not in answer:
            raise NotFinished(self.label, answer.get("error", "no code"))
        token = await self._token(answer["code"], kept["back"])
        claims = await self._tokens.claims(token, lambda _: self._origin)
        if claims.get("nonce") != kept["nonce"]:
            raise ProofRefused(self.label, "wrong_nonce")
        return self._identity(claims)

    def is_ours(self, identity: str) -> bool:
        """Whether the user's workspace, or the organisation that it belongs to, is listed."""
        address = Address.of_identity(identity)
        return not self._app.workspaces.isdisjoint({address.team, address.enterprise})

    def elsewhere(self, identity: str) -> tuple[str, str] | None:
        """See Way.elsewhere. Within an organisation somebody has one id in all workspaces."""
        address = Address.of_identity(identity)
        return (address.everywhere, f"/{address.id}") if address.enterprise else None

    async def close(self) -> None:
        """Let go of open connections."""
        await self._provider.close()

    def _team(self) -> dict[str, str]:
        """Where there is one workspace only, Slack need not ask which."""
        teams = [name for name in self._app.workspaces if name.startswith("T")]
        return {"team": teams[0]} if len(teams) == len(self._app.workspaces) == 1 else {}

    async def _token(self, code: str, back: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "client_id": self._app.client_id,
            "client_secret": self._app.client_secret,
            "code": code,
            "redirect_uri": back,
        }
        address = f"{self._app.api_url.rstrip('/')}/openid.connect.token"
        said = await self._provider.post(address, form)
        if not said.get("ok") or not isinstance(said.get("id_token"), str):
            raise ProofRefused(self.label, str(said.get("error", "no_id_token")))
        token: str = said["id_token"]
        return token

    def _identity(self, claims: Mapping[str, Any]) -> str:
        user, team = self._id(claims, "user_id"), self._id(claims, "team_id")
        enterprise = self._id(claims, "enterprise_id") if claims.get(f"{_CLAIM}enterprise_id") else None
        identity = Address(enterprise, team, user).identity
        if not self.is_ours(identity):
            raise Outsider(identity, f"the Slack workspace {team}", "SLACK_WORKSPACES")
        return identity

    def _id(self, claims: Mapping[str, Any], name: str) -> str:
        value = claims.get(_CLAIM + name)
        if not isinstance(value, str) or not _ID.fullmatch(value):
            raise ProofRefused(self.label, f"no_{name}")
        return value
