"""Who may do what: the App proves itself by its key (a JWT), its installation by tokens that last an hour.

https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
from aiohttp import web

HOUR = timedelta(hours=1)


class Denied(Exception):
    """An answer of GitHub's that is no success."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.headers = status, dict(headers or {})


@dataclass
class Token:
    """A token of the installation: `repositories` by name, None for all that it sees."""

    value: str
    ends: datetime
    permissions: Mapping[str, str]
    repositories: frozenset[str] | None

    def demand(self, permission: str, leave: str, repository: str | None) -> None:
        """Raises Denied."""
        if self.repositories is not None and (repository or "").partition("/")[2] not in self.repositories:
            raise Denied(404, "Not Found")
        given = self.permissions.get(permission)
        if given != "write" and given != leave:
            raise Denied(403, "Resource not accessible by integration")


@dataclass
class Access:
    """One App with one installation, which may be `suspended` or `removed`."""

    app_id: str
    slug: str
    public_key: str
    installation: int
    permissions: dict[str, str]
    clock: Callable[[], datetime]
    suspended: bool = False
    removed: bool = False
    lasts: timedelta = HOUR
    tokens: dict[str, Token] = field(default_factory=dict)
    given_out: int = 0

    def demand_app(self, request: web.Request) -> None:
        """Raises Denied unless the App's key signed the request's JWT, for ten minutes at most."""
        scheme, _, proof = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            raise Denied(401, "A JSON web token could not be decoded")
        try:
            claims = jwt.decode(
                proof, self.public_key, algorithms=["RS256"], options={"require": ["iss", "iat", "exp"]}
            )
        except jwt.InvalidTokenError:
            raise Denied(401, "A JSON web token could not be decoded") from None
        if str(claims["iss"]) != self.app_id:
            raise Denied(404, "Integration not found")
        if claims["exp"] - claims["iat"] > 600:
            raise Denied(401, "'Expiration time' claim ('exp') is too far in the future")

    def give_out(self, installation: int, asked: Mapping[str, Any], known: frozenset[str]) -> Token:
        """A new token. `known` are the repositories that the installation sees. Raises Denied."""
        if self.removed or installation != self.installation:
            raise Denied(404, "Not Found")
        if self.suspended:
            raise Denied(403, "This installation has been suspended")
        permissions = dict(asked.get("permissions") or self.permissions)
        for name, leave in permissions.items():
            if self.permissions.get(name) not in ("write", leave):
                raise Denied(422, "The permissions requested are not granted to this installation.")
        named = asked.get("repositories")
        if named is not None and not set(named) <= {one.partition("/")[2] for one in known}:
            raise Denied(422, "There is at least one repository that does not exist or is not accessible")
        self.given_out += 1
        value = f"ghs_{secrets.token_hex(18)}"
        repositories = None if named is None else frozenset(named)
        token = Token(value, self.clock() + self.lasts, permissions, repositories)
        self.tokens[value] = token
        return token

    def token_of(self, request: web.Request) -> Token:
        """The token that a request brings, as a bearer or as git's password. Raises Denied."""
        scheme, _, proof = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            user, _, proof = base64.b64decode(proof).decode().partition(":")
            if user != "x-access-token":
                raise Denied(401, "Bad credentials")
        token = self.tokens.get(proof)
        if token is None or token.ends <= self.clock() or self.removed:
            raise Denied(401, "Bad credentials")
        if self.suspended:
            raise Denied(403, "This installation has been suspended")
        return token
