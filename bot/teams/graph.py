"""Microsoft Graph: what only it knows of people, channels and apps.

Each call needs its own permission, which an administrator may have withheld: then `GraphRefused` says so,
and whoever called does without.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import httpx
import jwt

from bot.platforms.adapter import PlatformAway
from bot.teams.entra import EntraTokens, NoToken

_USER = "id,displayName,mail,userPrincipalName,userType,accountEnabled"

Membership = Literal["standard", "private", "shared", "unknown"]


class GraphRefused(Exception):
    """Graph said no: the permission is missing, or there is no such thing (`status` 404)."""

    def __init__(self, status: int) -> None:
        super().__init__(f"Graph answered {status}")
        self.status = status


class GraphLost(PlatformAway):
    """Graph cannot be reached just now."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody in Entra. `kind`: Member | Guest."""

    object_id: str
    name: str
    mail: str | None
    principal: str
    kind: str
    is_enabled: bool


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of a team."""

    name: str
    membership: Membership


class Graph:
    """Graph for one application. All raise GraphRefused, GraphLost and EntraLost."""

    def __init__(self, url: str, http: httpx.AsyncClient, tokens: EntraTokens) -> None:
        parts = urlsplit(url)
        self._url = url
        self._resource = f"{parts.scheme}://{parts.netloc}"
        self._http = http
        self._tokens = tokens

    async def user(self, tenant: str, object_id: str) -> User:
        """Somebody by object id (User.Read.All)."""
        path = f"/users/{quote(object_id, safe='')}"
        return _user(await self._call("GET", tenant, path, {"$select": _USER}))

    async def users_called(self, tenant: str, address: str) -> list[User]:
        """Whoever has this mail address or principal name (User.Read.All)."""
        literal = "'" + address.replace("'", "''") + "'"
        asked = f"mail eq {literal} or userPrincipalName eq {literal}"
        found = await self._call("GET", tenant, "/users", {"$filter": asked, "$select": _USER})
        return [_user(each) for each in found.get("value") or ()]

    async def channel(self, tenant: str, group: str, channel: str) -> Channel:
        """A channel of a team (ChannelSettings.Read.Group, or Channel.ReadBasic.All)."""
        path = f"/teams/{quote(group, safe='')}/channels/{quote(channel, safe='')}"
        found = await self._call("GET", tenant, path, {"$select": "displayName,membershipType"})
        kind = found.get("membershipType")
        membership: Membership = kind if kind in ("standard", "private", "shared") else "unknown"
        return Channel(str(found.get("displayName") or ""), membership)

    async def install(self, tenant: str, object_id: str, app_id: str) -> bool:
        """Install the bot for somebody (TeamsAppInstallation.ReadWriteSelfForUser.All, AppCatalog.Read.All).

        `app_id` is the manifest's. Returns whether that is to be had: the tenant's catalogue has the app.
        """
        listed = await self._call(
            "GET",
            tenant,
            "/appCatalogs/teamsApps",
            {"$filter": f"externalId eq '{app_id}'", "$select": "id"},
        )
        if not listed.get("value"):
            return False
        app = f"{self._url}/appCatalogs/teamsApps/{listed['value'][0]['id']}"
        path = f"/users/{quote(object_id, safe='')}/teamwork/installedApps"
        try:
            await self._call("POST", tenant, path, {}, {"teamsApp@odata.bind": app})
        except GraphRefused as refused:
            if refused.status != httpx.codes.CONFLICT:  # it is installed already
                raise
        return True

    async def granted(self, tenant: str) -> frozenset[str] | None:
        """The application permissions that an administrator of the tenant has granted; None where the token
        does not tell. Raises EntraLost and NoToken.

        They stand in the token (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference,
        `roles`), which is Graph's to verify, so nothing may be allowed by them: they are for the doctor.
        """
        token = await self._tokens.token(tenant, self._resource)
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            return None
        return frozenset(map(str, claims.get("roles") or ()))

    async def _call(
        self, method: str, tenant: str, path: str, query: dict[str, str], body: dict[str, str] | None = None
    ) -> dict[str, Any]:
        try:
            token = await self._tokens.token(tenant, self._resource)
        except NoToken as refused:  # the tenant has not consented to this application
            raise GraphRefused(httpx.codes.UNAUTHORIZED) from refused
        try:
            answer = await self._http.request(
                method,
                f"{self._url}{path}",
                params=query,
                json=body,
                headers={"Authorization": f"Bearer {token}"},
            )
        except httpx.HTTPError as failed:
            raise GraphLost(type(failed).__name__) from failed
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
            raise GraphLost(f"status {answer.status_code}")
        if not answer.is_success:
            raise GraphRefused(answer.status_code)
        return _object(answer)


def _object(answer: httpx.Response) -> dict[str, Any]:
    if not answer.content:
        return {}
    try:
        found = answer.json()
    except ValueError as unread:
        raise GraphLost("an answer that is no JSON") from unread
    if not isinstance(found, dict):
        raise GraphLost("an answer that is no JSON object")
    return found


def _user(found: dict[str, Any]) -> User:
    return User(
        object_id=str(found.get("id") or "").lower(),
        name=str(found.get("displayName") or ""),
        mail=found.get("mail"),
        principal=str(found.get("userPrincipalName") or ""),
        kind=str(found.get("userType") or ""),
        is_enabled=found.get("accountEnabled") is True,
    )
