"""OpenID Connect's authorization code flow, over Authlib: to a provider's page and back, with state, nonce and
PKCE; then the ID token, believed only as far as it is signed, for us, by the right issuer, and not too old."""

from __future__ import annotations

import asyncio
import math
import secrets
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import httpx2
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidClaimError, InvalidKeyIdError, JoseError
from joserfc.jwk import GuestProtocol, Key, KeySet

from bot.sign_in.errors import NotFinished, ProofRefused, ProviderAway
from governance.outside_text import storable_json

_ALGORITHMS = ("RS256",)
_TIMEOUT_SECONDS = 10
_LEEWAY_SECONDS = 60
"""How far the provider's clock and ours may differ."""

_KEYS_LAST_SECONDS = 3600.0
"""Keys that the provider withdrew are not believed for longer."""

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SignInStarted:
    """A sign-in under way: the address to send the browser to, and what is stored until it comes back."""

    address: str
    stored: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Endpoints:
    """A provider's addresses: its page, where codes are redeemed, and where its signing keys stand."""

    authorize: str
    token: str
    keys: str


@dataclass(frozen=True, slots=True)
class Application:
    """This application, as the provider knows it. `label` is what people call the provider."""

    label: str
    client_id: str
    client_secret: str = field(repr=False)
    has_pkce: bool


class OpenIdClient:
    """Signs people in for one application at one provider."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._label = application.label
        self._trust: ssl.SSLContext | None = None
        self._keys = KeySet([])
        self._keys_fetched = -math.inf

    async def discover(self, issuer: str) -> Endpoints:
        """What the provider's own configuration says. Raises ProviderAway."""
        found = await self._get(f"{issuer}/.well-known/openid-configuration")
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        addresses = [found.get(name) for name in names]
        if not all(isinstance(each, str) and each.startswith("https://") for each in addresses):
            raise ProviderAway(self._label)
        return Endpoints(*cast(list[str], addresses))

    async def begin(self, endpoints: Endpoints, state: str, back: str, **extra: str) -> SignInStarted:
        """Begin a sign-in that comes back to `back` with `state`. `extra` is the provider's own."""
        stored = {"nonce": secrets.token_urlsafe(32), "back": back}
        if self._application.has_pkce:
            stored["verifier"] = secrets.token_urlsafe(48)
        async with await self._client() as client:
            address, _ = client.create_authorization_url(
                endpoints.authorize,
                state=state,
                redirect_uri=back,
                nonce=stored["nonce"],
                code_verifier=stored.get("verifier"),
                **extra,
            )
        return SignInStarted(address, stored)

    async def finish(
        self,
        endpoints: Endpoints,
        stored: Mapping[str, Any],
        answer: Mapping[str, str],
        issuer: Callable[[Claims], str],
    ) -> Claims:
        """What the provider says of whoever came back with `answer`. `issuer` tells from its claims who alone
        may say so. Raises NotFinished, ProofRefused and ProviderAway."""
        if "code" not in answer:
            raise NotFinished(self._label, answer.get("error", "no code"))
        token = await self._redeem(endpoints, stored, answer["code"])
        try:
            decoded = await self._decode(token, endpoints.keys)
            return self._validate(decoded, str(stored["nonce"]), issuer(decoded.claims))
        except JoseError as wrong:
            fault = f"{type(wrong).__name__} {getattr(wrong, 'claim', '')}".strip()
            raise ProofRefused(self._label, fault) from wrong

    async def _redeem(self, endpoints: Endpoints, stored: Mapping[str, Any], code: str) -> str:
        try:
            async with await self._client() as client:
                answer = await client.fetch_token(
                    endpoints.token,
                    grant_type="authorization_code",
                    code=code,
                    redirect_uri=stored["back"],
                    code_verifier=stored.get("verifier"),
                )
        except OAuthError as refused:
            raise ProofRefused(self._label, str(storable_json(refused.error))) from refused
        except (httpx2.HTTPError, ValueError, RecursionError) as failed:
            raise ProviderAway(self._label) from failed
        if not isinstance(answer.get("id_token"), str):
            raise ProofRefused(self._label, "no_id_token")
        return cast(str, answer["id_token"])

    async def _decode(self, token: str, keys: str) -> jwt.Token:
        """A token whose signature holds. Keys are fetched when they are old, and at once when an unknown one
        signs."""
        if time.monotonic() - self._keys_fetched > _KEYS_LAST_SECONDS:
            await self._fetch_keys(keys)
        try:
            return jwt.decode(token, self._key, algorithms=_ALGORITHMS)
        except InvalidKeyIdError:
            await self._fetch_keys(keys)
            return jwt.decode(token, self._key, algorithms=_ALGORITHMS)

    async def _fetch_keys(self, address: str) -> None:
        published = await self._get(address)
        try:
            self._keys = KeySet.import_key_set(cast(Any, published))
        except (JoseError, ValueError, KeyError, TypeError) as unreadable:
            raise ProviderAway(self._label) from unreadable
        self._keys_fetched = time.monotonic()

    def _validate(self, decoded: jwt.Token, nonce: str, issuer: str) -> Claims:
        client_id = self._application.client_id
        claims = CodeIDToken(
            storable_json(decoded.claims),
            decoded.header,
            options={"iss": {"essential": True, "value": issuer}},
            params={"nonce": nonce, "client_id": client_id},
        )
        claims.validate(leeway=_LEEWAY_SECONDS)
        if claims["aud"] != client_id:  # for us alone: Authlib would take a list that names us, too
            raise InvalidClaimError("aud")
        return cast(Claims, claims)

    def _key(self, signature: GuestProtocol) -> Key:
        name = signature.headers().get("kid")
        found = next((key for key in self._keys.keys if name and key.kid == name), None)
        if found is None:
            raise InvalidKeyIdError
        return found

    async def _get(self, address: str) -> dict[str, Any]:
        try:
            async with await self._client() as client:
                answer = await client.request("GET", address, withhold_token=True)
            found = storable_json(answer.raise_for_status().json())
        except (httpx2.HTTPError, ValueError, RecursionError) as failed:
            raise ProviderAway(self._label) from failed
        if not isinstance(found, dict):
            raise ProviderAway(self._label)
        return found

    async def _client(self) -> AsyncOAuth2Client:
        """A new one each time: it holds the tokens of whoever signs in, and nobody needs them.

        What it trusts is read once, at first use and off the loop, for that takes its time.
        """
        if self._trust is None:
            self._trust = await asyncio.to_thread(ssl.create_default_context)
        client = AsyncOAuth2Client(
            self._application.client_id,
            self._application.client_secret,
            "client_secret_post",
            scope="openid",
            code_challenge_method="S256",
            verify=self._trust,
            timeout=_TIMEOUT_SECONDS,
        )
        client.register_compliance_hook("access_token_response", _available)
        return client


def _available(answer: httpx2.Response) -> httpx2.Response:
    """Too many requests say nothing about the code, whatever error stands in the body."""
    return answer.raise_for_status() if answer.status_code == httpx2.codes.TOO_MANY_REQUESTS else answer
