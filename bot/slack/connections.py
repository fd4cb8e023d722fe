"""Connections to Slack that all calls of a process share: a handshake for each takes longer than the call."""

from __future__ import annotations

import aiohttp

TIMEOUT_SECONDS = 10


class Connections:
    """Opened with the first call, for that needs the running loop. What was idle for long is not used again."""

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
