"""Signing in with Slack (OpenID Connect): keys, claims, tokens."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from tests.fakes.slack.records import Json, User
from tests.fakes.slack.state import State

LIFE = 300
"""Seconds that an id token is good for."""


@dataclass
class Key:
    """A signing key and its name."""

    id: str
    private: rsa.RSAPrivateKey

    @property
    def public(self) -> Json:
        """As `/openid/connect/keys` publishes it."""
        found: Json = json.loads(RSAAlgorithm.to_jwk(self.private.public_key()))
        return {**found, "kid": self.id, "use": "sig", "alg": "RS256"}


def new_key() -> Key:
    """A key that nobody knows yet."""
    return Key(secrets.token_hex(8), rsa.generate_private_key(public_exponent=65537, key_size=2048))


@dataclass
class OpenId:
    """Slack as an identity provider. `overrides` are laid over the claims, for tokens that lie."""

    client_id: str
    issuer: str = "https://slack.com"
    overrides: dict[str, Any] = field(default_factory=dict)
    signed_in: dict[str, str] = field(default_factory=dict)
    published: list[Key] = field(default_factory=list)

    @property
    def key(self) -> Key:
        """The newest key, made when it is first needed."""
        if not self.published:
            self.published.append(new_key())
        return self.published[-1]

    def rotate(self) -> None:
        """Sign with a new key from now on; the old ones are no longer published."""
        self.published[:] = [new_key()]

    def keys(self) -> Json:
        """The JSON Web Key Set."""
        _ = self.key
        return {"keys": [key.public for key in self.published]}

    def claims(self, state: State, user: User) -> Json:
        """Who somebody is."""
        workspace = state.workspaces[user.team_id]
        found = {
            "sub": user.id,
            "https://slack.com/user_id": user.id,
            "https://slack.com/team_id": user.team_id,
            "https://slack.com/team_name": workspace.name,
            "email": user.email,
            "email_verified": user.is_email_confirmed,
            "name": user.name,
            "locale": "en-US",
        }
        if workspace.enterprise_id:
            found["https://slack.com/enterprise_id"] = workspace.enterprise_id
            found["https://slack.com/enterprise_name"] = workspace.enterprise_name or ""
        return found

    def id_token(self, state: State, user: User, nonce: str | None) -> str:
        """A signed id token."""
        now = int(state.now())
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "iat": now,
            "exp": now + LIFE,
            "auth_time": now,
            **({"nonce": nonce} if nonce else {}),
            **self.claims(state, user),
            **self.overrides,
        }
        return jwt.encode(claims, self.key.private, algorithm="RS256", headers={"kid": self.key.id})
