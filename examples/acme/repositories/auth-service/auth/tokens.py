"""Session tokens: claims, signed by HMAC-SHA-256 (`claims.signature`, both in base64url)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

LIFETIME = 3600
ROLES = ("account_administrator", "operations_manager", "member", "customer_success")


class NoSession(Exception):
    """The token is none of ours, or its session is over."""


@dataclass(frozen=True)
class Claims:
    """What a token says: who (`sub`), of which account, in which roles, until when (UNIX seconds)."""

    sub: str
    account: str
    roles: tuple[str, ...]
    exp: int


@dataclass(frozen=True)
class Tokens:
    """Makes and reads tokens. `keys` are tried in order; the first one signs."""

    keys: tuple[bytes, ...]
    now: Callable[[], float]

    def issue(self, person: str, account: str, roles: tuple[str, ...]) -> str:
        """A session's token. Raises ValueError for a role that there is not."""
        unknown = set(roles) - set(ROLES)
        if unknown:
            raise ValueError(f"there is no role {', '.join(sorted(unknown))}")
        claims = Claims(person, account, roles, int(self.now()) + LIFETIME)
        said = _coded(json.dumps(asdict(claims), separators=(",", ":")).encode())
        return f"{said}.{_signed(self.keys[0], said)}"

    def read(self, token: str) -> Claims:
        """What a token says. Raises NoSession."""
        said, _, signature = token.partition(".")
        given = signature.encode()
        if not any(hmac.compare_digest(_signed(key, said).encode(), given) for key in self.keys):
            raise NoSession
        claims = json.loads(base64.urlsafe_b64decode(said + "=="))
        if claims["exp"] <= self.now():
            raise NoSession
        return Claims(claims["sub"], claims["account"], tuple(claims["roles"]), claims["exp"])


def _coded(said: bytes) -> str:
    return base64.urlsafe_b64encode(said).rstrip(b"=").decode()


def _signed(key: bytes, said: str) -> str:
    return _coded(hmac.new(key, said.encode(errors="replace"), hashlib.sha256).digest())
