"""Requests signed with a token that ends after a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable

import httpx


class Bearer(httpx.Auth):
    """Fetches the token once for all who wait, anew before it ends, and once more where it is refused."""

    def __init__(self, fetch: Callable[[], Awaitable[tuple[str, float]]], early: float) -> None:
        """`fetch` gives a token and the seconds that it lasts; it is not used in the last `early` of them, or
        in its second half where it lasts no longer than twice that. Whoever asks meets what `fetch` raises."""
        self._fetch, self._early = fetch, early
        self._token, self._until = "", 0.0
        self._fetching = asyncio.Lock()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """See httpx.Auth."""
        request.headers["Authorization"] = f"Bearer {await self._now()}"
        answer = yield request
        if answer.status_code == 401:
            self._until = 0.0
            request.headers["Authorization"] = f"Bearer {await self._now()}"
            yield request

    async def _now(self) -> str:
        async with self._fetching:
            if time.monotonic() >= self._until:
                self._token, seconds = await self._fetch()
                self._until = time.monotonic() + max(seconds - self._early, seconds / 2)
            return self._token
