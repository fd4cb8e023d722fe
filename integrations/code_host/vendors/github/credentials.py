"""Who we are at GitHub: a GitHub App, and one of its installations.

The App's private key signs what proves the App (by githubkit); with that a token of the installation is asked
for, which lasts an hour and is asked for anew before it ends. Tokens are held in this process's memory alone.
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr

from integrations.code_host.refusals import CodeHostError, NoAccess

WHO = "GitHub"
WRITES: Mapping[str, str] = {
    "metadata": "read",
    "contents": "write",
    "pull_requests": "write",
    "checks": "write",
    "statuses": "read",
}
"""What is done there: a token is asked for with these alone, whatever else the App may."""
_RENEWED_BEFORE = timedelta(minutes=5)


class Refused(CodeHostError):
    """GitHub answered that it does not do it. `kinds` are the types of GraphQL errors."""

    def __init__(self, status: int, says: str, kinds: frozenset[str] = frozenset()) -> None:
        super().__init__(f"{WHO} says: {says}")
        self.status, self.says, self.kinds = status, says, kinds


@dataclass(frozen=True, slots=True)
class App:
    """An App, by its id and the name in its address, and one of its installations. `api` is the REST
    interface's address."""

    id: str
    slug: str
    private_key: SecretStr
    installation: int
    api: str

    @property
    def graphql(self) -> str:
        """Where GraphQL is asked: beside the REST interface, of which a server of one's own has a version."""
        return f"{self.api.removesuffix('/v3')}/graphql"


@dataclass(slots=True)
class _Token:
    value: SecretStr
    ends: datetime


@dataclass
class Tokens:
    """The installation's tokens. `ask` posts to a path as the App, and raises Refused."""

    app: App
    ask: Callable[[str, Mapping[str, Any]], Awaitable[Any]]
    clock: Callable[[], datetime]
    _held: dict[tuple[str, bool], _Token] = field(default_factory=dict)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def of(self, repository: str = "", *, writes: bool = True) -> str:
        """A token for all that the installation may, or for the contents of one repository. Raises NoAccess."""
        async with self._asking:
            held = self._held.get((repository, writes))
            if held is None or held.ends - self.clock() <= _RENEWED_BEFORE:
                held = await self._new(repository, writes)
                self._held[repository, writes] = held
            return held.value.get_secret_value()

    def forget(self) -> None:
        """The next is asked for anew."""
        self._held.clear()

    async def _new(self, repository: str, writes: bool) -> _Token:
        asked: dict[str, Any] = {"permissions": dict(WRITES)}
        if repository:
            asked["permissions"] = {"metadata": "read", "contents": "write" if writes else "read"}
            asked["repositories"] = [repository.partition("/")[2]]
        try:
            answer = await self.ask(f"/app/installations/{self.app.installation}/access_tokens", asked)
        except Refused as refused:
            raise NoAccess(self._why(refused)) from None
        try:
            return _Token(SecretStr(answer["token"]), datetime.fromisoformat(answer["expires_at"]))
        except (KeyError, TypeError, ValueError):
            raise NoAccess(f"{WHO} gives out no token: what it answers is none.") from None

    def _why(self, refused: Refused) -> str:
        if refused.status == 404:
            return f"Our installation at {WHO} is there no more: somebody removed it."
        if refused.status == 403 and "suspend" in refused.says:
            return f"Our installation at {WHO} is suspended."
        if refused.status == 422:
            wanted = ", ".join(f"{name}: {leave}" for name, leave in WRITES.items())
            return f"Our installation at {WHO} may not do all that is needed ({wanted}): {refused.says}"
        return f"{WHO} does not take us for the App {self.app.slug}: {refused.says}"
