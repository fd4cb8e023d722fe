"""The Bot Framework's keys: what it signs with, what it publishes, and how they change."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ISSUER = "https://api.botframework.com"


@lru_cache
def key(name: str) -> rsa.RSAPrivateKey:
    """A key of the kind that the Bot Framework uses, the same one whenever its name is said."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Keys:
    """`current` signs; all of `published` are in the key document. `fetches` counts who asked for it."""

    current: str = "key-1"
    published: set[str] = field(default_factory=lambda: {"key-1"})
    endorsements: dict[str, list[str]] = field(default_factory=dict)
    fetches: int = 0

    def roll(self) -> None:
        """From now on another key signs, and the old one is not published any more."""
        self.current = f"key-{int(self.current.removeprefix('key-')) + 1}"
        self.published = {self.current}

    def document(self) -> dict[str, Any]:
        """The JSON Web Key Set."""
        self.fetches += 1
        return {"keys": [self._entry(name) for name in sorted(self.published)]}

    def _entry(self, name: str) -> dict[str, Any]:
        public: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(key(name).public_key()))
        return public | {"kid": name, "use": "sig", "endorsements": self.endorsements.get(name, ["msteams"])}

    def sign(
        self,
        audience: str,
        service_url: str,
        *,
        by: str | None = None,
        called: str | None = None,
        **claims: Any,
    ) -> str:
        """A token as it comes with activities, signed `by` a key that the token says is `called` so.

        `claims` replace what it would say; None leaves one out.
        """
        now = int(time.time())
        told = {
            "iss": ISSUER,
            "aud": audience,
            "serviceurl": service_url,
            "nbf": now - 60,
            "exp": now + 3600,
        } | claims
        name = by or self.current
        said = {claim: value for claim, value in told.items() if value is not None}
        return jwt.encode(said, key(name), algorithm="RS256", headers={"kid": called or name})
