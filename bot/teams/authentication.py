"""Who calls `/teams/messages`: only the Bot Framework, for this bot, with a token that it signed just now.

The SDK's own check is not used: it answers a garbage token or an unknown key with an exception of any
kind, fetches keys on the event loop, takes emulators' tokens, and waves everybody through without an id.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
import structlog

_log = structlog.get_logger()

FRESH_FOR = 24 * 3600.0
"""Seconds after which keys are fetched anew, whether a new one was seen or not."""

NOT_SOONER_THAN = 10.0
"""Seconds between two fetches because of an unknown key: anybody can invent a key's name."""


AFTER_A_FAILURE = 1.0
"""Seconds for which nobody fetches again after a fetch that failed: they would all wait for the same."""


class KeysUnavailable(Exception):
    """The keys cannot be had just now, so nothing can be verified."""


class NoSuchKey(LookupError):
    """The Bot Framework has no key of this name, also after looking again."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key, and the channels (`msteams`) for which it may speak; none named means any."""

    key: jwt.PyJWK
    endorsements: frozenset[str]


class SigningKeys:
    """The keys behind one OpenID metadata address. `clock` counts seconds."""

    def __init__(
        self, url: str, http: httpx.AsyncClient, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._http = http
        self._clock = clock
        self._keys: Mapping[str, SigningKey] = {}
        self._issuer = ""
        self._fetched: float | None = None
        self._failed: float | None = None
        self._fetching = asyncio.Lock()

    async def warm(self) -> None:
        """Fetch the keys before the first request needs them. If that fails, the request will try."""
        try:
            await self._fetch(if_older_than=0.0)
        except KeysUnavailable as unavailable:
            _log.warning("teams_keys_unavailable", why=str(unavailable))

    async def key(self, name: str) -> SigningKey:
        """The key of this name. Raises NoSuchKey and KeysUnavailable."""
        if self._is_older_than(FRESH_FOR):
            await self._refresh()
        if name not in self._keys:
            await self._fetch(if_older_than=NOT_SOONER_THAN)
        try:
            return self._keys[name]
        except KeyError:
            raise NoSuchKey(name) from None

    async def issuer(self) -> str:
        """Who signs with these keys. Raises KeysUnavailable."""
        if self._fetched is None:
            await self._fetch(if_older_than=0.0)
        return self._issuer

    async def _refresh(self) -> None:
        """Fetch, but rather work with yesterday's keys than with none."""
        try:
            await self._fetch(if_older_than=FRESH_FOR)
        except KeysUnavailable as unavailable:
            if self._fetched is None:
                raise
            _log.warning("teams_keys_not_refreshed", why=str(unavailable))

    def _is_older_than(self, seconds: float) -> bool:
        return self._fetched is None or self._clock() - self._fetched >= seconds

    async def _fetch(self, *, if_older_than: float) -> None:
        """Fetch unless somebody did while we waited."""
        async with self._fetching:
            if not self._is_older_than(if_older_than):
                return
            if self._failed is not None and self._clock() - self._failed < AFTER_A_FAILURE:
                raise KeysUnavailable(f"{self._url}: failed a moment ago")
            try:
                await self._fetch_now()
            except KeysUnavailable:
                self._failed = self._clock()
                raise
            self._fetched, self._failed = self._clock(), None

    async def _fetch_now(self) -> None:
        metadata = await self._get(self._url)
        issuer, address = metadata.get("issuer"), metadata.get("jwks_uri")
        if not (isinstance(issuer, str) and isinstance(address, str)):
            raise KeysUnavailable(f"{self._url}: says neither issuer nor keys")
        keys = _keys((await self._get(address)).get("keys"))
        if not keys:
            raise KeysUnavailable(f"{address}: no keys")
        self._issuer, self._keys = issuer, keys

    async def _get(self, url: str) -> dict[str, Any]:
        try:
            answer = await self._http.get(url)
            answer.raise_for_status()
            found = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as failed:
            raise KeysUnavailable(f"{url}: {type(failed).__name__}") from failed
        if not isinstance(found, dict):
            raise KeysUnavailable(f"{url}: no JSON object")
        return found


def _keys(listed: Any) -> Mapping[str, SigningKey]:
    """The keys that can be read; one that cannot takes none of the others along."""
    read = [_key(entry) for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    return dict(found for found in read if found is not None)


def _key(entry: dict[str, Any]) -> tuple[str, SigningKey] | None:
    name, endorsements = entry.get("kid"), entry.get("endorsements") or ()
    if entry.get("kty") != "RSA" or not isinstance(name, str) or isinstance(endorsements, str):
        return None
    try:
        return name, SigningKey(jwt.PyJWK(entry, "RS256"), frozenset(endorsements))
    except (jwt.PyJWTError, TypeError, ValueError) as unread:
        _log.warning("teams_key_unreadable", key=name, why=str(unread))
        return None


CHANNEL = "msteams"

_LEEWAY = 300
"""Seconds by which clocks may differ, as the Bot Framework has it."""

Claims = Mapping[str, Any]


class NotFromTeams(Exception):
    """Nothing proves that this request comes from Teams. The text says what is wrong with its token."""


async def verify(authorization: str | None, keys: SigningKeys, app_id: str) -> Claims:
    """The claims of a valid token. Raises NotFromTeams, and KeysUnavailable where nothing can be checked."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotFromTeams("This address is for Microsoft Teams, and the request carries no token of its.")
    try:
        name = jwt.get_unverified_header(token).get("kid")
        if not isinstance(name, str):
            raise NotFromTeams("The token does not say which key signed it.")
        signing = await keys.key(name)
        if signing.endorsements and CHANNEL not in signing.endorsements:
            raise NotFromTeams("The token was signed with a key that does not speak for Teams.")
        claims: Claims = jwt.decode(
            token,
            signing.key,
            algorithms=["RS256"],
            audience=app_id,
            issuer=await keys.issuer(),
            leeway=_LEEWAY,
            options={"require": ["exp", "iss", "aud"], "strict_aud": True},
        )
    except NoSuchKey as unknown:
        raise NotFromTeams("The token was signed with a key that the Bot Framework does not have.") from unknown
    except jwt.ExpiredSignatureError as expired:
        raise NotFromTeams("The token has expired.") from expired
    except jwt.PyJWTError as invalid:
        raise NotFromTeams("The token is not one that the Bot Framework signed for this bot.") from invalid
    return claims


def demand_same_service(claims: Claims, service_url: str) -> None:
    """Raises NotFromTeams unless the token was made for answers to this address: they carry our token."""
    if not service_url or claims.get("serviceurl") != service_url:
        raise NotFromTeams("The token was made for another service address than the message names.")
