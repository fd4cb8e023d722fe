"""Id tokens: signed by the provider, for us, by the right issuer, and not too old."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt

from bot.sign_in.provider import Provider
from bot.sign_in.ways import ProofRefused, ProviderAway

_ALGORITHMS = ("RS256",)
_DEMANDED = ("iss", "aud", "exp", "iat", "sub")
_LEEWAY_SECONDS = 60
"""How far the provider's clock and ours may differ."""

_KEYS_LAST_SECONDS = 3600.0
"""Keys that the provider withdrew are not believed for longer."""


class KeyRing:
    """A provider's signing keys by id, fetched when they are old, and at once when an unknown id turns up."""

    def __init__(self, provider: Provider, address: str) -> None:
        self.label = provider.label
        self._provider = provider
        self._address = address
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = 0.0

    async def key(self, name: str) -> jwt.PyJWK:
        """The key of this id. Raises ProofRefused if the provider has none, and ProviderAway."""
        if name not in self._keys or time.monotonic() - self._fetched > _KEYS_LAST_SECONDS:
            await self._fetch()
        if name not in self._keys:
            raise ProofRefused(self.label, "unknown_key")
        return self._keys[name]

    async def _fetch(self) -> None:
        published = await self._provider.get(self._address)
        try:
            keys = jwt.PyJWKSet.from_dict(published).keys
        except jwt.PyJWKSetError as unreadable:
            raise ProviderAway(self.label) from unreadable
        self._keys = {key.key_id: key for key in keys if key.key_id}
        self._fetched = time.monotonic()


class IdTokens:
    """Checks the id tokens that one provider makes out for one application."""

    def __init__(self, keys: KeyRing, audience: str) -> None:
        self._keys = keys
        self._audience = audience

    async def claims(self, token: str, issuer: Callable[[Mapping[str, Any]], str]) -> Mapping[str, Any]:
        """What a token says. `issuer` tells from its claims who alone may say so.

        Whether its nonce is the one that was sent stays to be asked. Raises ProofRefused and ProviderAway.
        """
        try:
            key = await self._keys.key(str(jwt.get_unverified_header(token).get("kid")))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                audience=self._audience,
                leeway=_LEEWAY_SECONDS,
                options={"require": list(_DEMANDED), "strict_aud": True},
            )
        except jwt.PyJWTError as wrong:
            raise ProofRefused(self._keys.label, type(wrong).__name__) from wrong
        if claims["iss"] != issuer(claims):
            raise ProofRefused(self._keys.label, "wrong_issuer")
        return claims
