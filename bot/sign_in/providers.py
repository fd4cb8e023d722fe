"""Who proves who somebody is: Slack and Microsoft Entra, each by OpenID Connect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from bot.sign_in.configuration import EntraApp, SlackApp
from bot.sign_in.errors import Outsider, ProofRefused
from bot.sign_in.openid import Application, Claims, Endpoints, OpenIdClient, SignInStarted
from bot.slack.addresses import PLATFORM, Address

_SLACK_CLAIM = "https://slack.com/"
"""Slack's own claims begin with this, wherever its Web API is."""

_SLACK_ID = re.compile(r"[A-Z0-9]{2,40}")
_ENTRA_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


class Provider(Protocol):
    """A provider who proves who somebody is.

    `name` is its part of our addresses, `platform` the first part of the identities that it proves, `label`
    what people call it, `chat` where its people write to Countersign.
    """

    name: str
    platform: str
    label: str
    chat: str

    async def begin(self, state: str, back: str) -> SignInStarted:
        """Begin a sign-in that comes back to `back`, an address of ours, with `state`. Raises SignInFailed."""

    async def finish(self, stored: Mapping[str, Any], answer: Mapping[str, str]) -> str:
        """The identity that the provider proves, from the query that it sent the browser back with.

        Raises SignInFailed.
        """

    def is_ours(self, identity: str) -> bool:
        """Whether an identity of this platform belongs to an organisation that is this company's."""

    def elsewhere(self, identity: str) -> tuple[str, str] | None:
        """What the identities of the same account in other places begin and end with; None if there are no
        other places. An organisation may know one account in several, and chat have met it in another one.
        """


class SlackProvider:
    """Proves `slack:E1/T1/U1`, or `slack:T1/U1` where a workspace belongs to no organisation."""

    name = "slack"
    platform = PLATFORM
    label = "Slack"
    chat = "Slack"

    def __init__(self, app: SlackApp) -> None:
        self._app = app
        parts = urlsplit(app.api_url)
        self._issuer = f"{parts.scheme}://{parts.netloc}"
        self._endpoints = Endpoints(
            authorize=f"{self._issuer}/openid/connect/authorize",
            token=f"{app.api_url.rstrip('/')}/openid.connect.token",
            keys=f"{self._issuer}/openid/connect/keys",
        )
        self._openid = OpenIdClient(Application(self.label, app.client_id, app.client_secret, has_pkce=False))

    async def begin(self, state: str, back: str) -> SignInStarted:
        """Begin at Slack's own page."""
        return await self._openid.begin(self._endpoints, state, back, **self._team())

    async def finish(self, stored: Mapping[str, Any], answer: Mapping[str, str]) -> str:
        """The Slack user who comes back with a code. Raises SignInFailed."""
        claims = await self._openid.finish(self._endpoints, stored, answer, lambda _: self._issuer)
        user, team = self._id(claims, "user_id"), self._id(claims, "team_id")
        enterprise = self._id(claims, "enterprise_id") if claims.get(f"{_SLACK_CLAIM}enterprise_id") else None
        identity = Address(enterprise, team, user).identity
        if not self.is_ours(identity):
            raise Outsider(identity, f"the Slack workspace {team}", "SLACK_WORKSPACES")
        return identity

    def is_ours(self, identity: str) -> bool:
        """Whether the user's workspace, or the organisation that it belongs to, is listed."""
        address = Address.of_identity(identity)
        return not self._app.workspaces.isdisjoint({address.team, address.enterprise})

    def elsewhere(self, identity: str) -> tuple[str, str] | None:
        """See Provider.elsewhere. Within an organisation somebody has one id in all workspaces."""
        address = Address.of_identity(identity)
        return (address.everywhere, f"/{address.id}") if address.enterprise else None

    def _team(self) -> dict[str, str]:
        """Where there is one workspace only, Slack need not ask which."""
        teams = [name for name in self._app.workspaces if name.startswith("T")]
        return {"team": teams[0]} if len(teams) == len(self._app.workspaces) == 1 else {}

    def _id(self, claims: Claims, name: str) -> str:
        return _claimed(self.label, claims, _SLACK_CLAIM + name, name, _SLACK_ID)


class EntraProvider:
    """Proves `teams:<Entra tenant>/<object id>`: the same person as in Teams."""

    name = "entra"
    platform = "teams"
    label = "Microsoft"
    chat = "Teams"

    def __init__(self, app: EntraApp) -> None:
        self._app = app
        self._root = app.authority.rstrip("/")
        # Of several tenants Entra asks which; who comes from another is refused when they come back.
        tenant = next(iter(app.tenants)) if len(app.tenants) == 1 else "organizations"
        self._authority = f"{self._root}/{tenant}/v2.0"
        self._openid = OpenIdClient(Application(self.label, app.client_id, app.client_secret, has_pkce=True))

    async def begin(self, state: str, back: str) -> SignInStarted:
        """Begin at Entra's own page. Raises SignInFailed."""
        return await self._openid.begin(await self._openid.discover(self._authority), state, back)

    async def finish(self, stored: Mapping[str, Any], answer: Mapping[str, str]) -> str:
        """The Entra user who comes back with a code. Raises SignInFailed."""
        endpoints = await self._openid.discover(self._authority)
        claims = await self._openid.finish(endpoints, stored, answer, self._issuer)
        tenant = _claimed(self.label, claims, "tid", "tid", _ENTRA_ID)
        user = _claimed(self.label, claims, "oid", "oid", _ENTRA_ID)
        identity = f"teams:{tenant}/{user}"
        if not self.is_ours(identity):
            raise Outsider(identity, f"the Entra tenant {tenant}", "ENTRA_TENANTS")
        return identity

    def is_ours(self, identity: str) -> bool:
        """Whether the user's Entra tenant is listed."""
        return identity.removeprefix("teams:").partition("/")[0] in self._app.tenants

    def elsewhere(self, _identity: str) -> tuple[str, str] | None:
        """See Provider.elsewhere. Each tenant has an account of its own for somebody, a guest's too."""
        return None

    def _issuer(self, claims: Claims) -> str:
        return f"{self._root}/{claims.get('tid')}/v2.0"


def _claimed(label: str, claims: Claims, claim: str, name: str, pattern: re.Pattern[str]) -> str:
    value = claims.get(claim)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ProofRefused(label, f"no_{name}")
    return value
