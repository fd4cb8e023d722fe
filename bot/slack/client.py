"""How this installation calls Slack: its settings, and connections that all calls of a process share."""

from __future__ import annotations

from dataclasses import dataclass, field

import aiohttp
from cryptography.fernet import Fernet
from slack_sdk.web.async_client import AsyncWebClient

TIMEOUT_SECONDS = 10


class Connections:
    """Shared, for a handshake for each call takes longer than the call. Opened with the first, for that needs
    the running loop; what was idle for long is not used again."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    def session(self) -> aiohttp.ClientSession:
        """The session that calls go through."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),  # one workspace's cookies are no other one's
            )
        return self._session

    async def close(self) -> None:
        """Let go of what is open."""
        if self._session is not None:
            await self._session.close()


@dataclass(frozen=True, slots=True)
class Slack:
    """How this installation speaks with Slack. `bot_token` is set where there is one workspace alone."""

    api_url: str
    allowed: frozenset[str]
    sealing: Fernet
    bot_token: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    connections: Connections = field(default_factory=Connections, compare=False)

    def client(self, token: str | None) -> AsyncWebClient:
        """A client that retries nothing by itself: the outbox knows what may be sent again."""
        return AsyncWebClient(
            token=token,
            base_url=self.api_url,
            timeout=TIMEOUT_SECONDS,
            session=self.connections.session(),
            retry_handlers=[],
        )
