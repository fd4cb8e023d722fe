"""A provider's signing keys, and id tokens that hold or lie."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

LIFE_SECONDS = 300


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """The private key of this name; made once, for making one takes its time."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class IdTokens:
    """Signs with `signs_with`, publishes `published`; `overrides` are laid over the claims (None leaves one
    out). `key_fetches` counts how often somebody asked for the keys."""

    issuer: str
    audience: str
    signs_with: str = "key-1"
    published: list[str] = field(default_factory=lambda: ["key-1"])
    overrides: dict[str, Any] = field(default_factory=dict)
    key_fetches: int = 0

    def rotate(self) -> None:
        """Sign with a new key from now on; the old ones are no longer published."""
        self.signs_with = f"key-{int(self.signs_with.partition('-')[2]) + 1}"
        self.published = [self.signs_with]

    def keys(self) -> dict[str, Any]:
        """The JSON Web Key Set."""
        self.key_fetches += 1
        return {"keys": [_public(name) for name in self.published]}

    def token(self, **claims: Any) -> str:
        """A signed token. `now` among the claims is when."""
        now = int(claims.pop("now", time.time()))
        said = {
            "iss": self.issuer,
            "aud": self.audience,
            "iat": now,
            "exp": now + LIFE_SECONDS,
            **claims,
            **self.overrides,
        }
        kept = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(kept, key(self.signs_with), algorithm="RS256", headers={"kid": self.signs_with})


def _public(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(key(name).public_key()))
    return {**found, "kid": name, "use": "sig", "alg": "RS256"}
