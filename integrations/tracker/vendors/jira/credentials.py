"""What proves us to Jira: a person's API token, or a service account's own client id and secret."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator

import httpx

from integrations.tracker.vendors.jira.api import WHO, NoAccess
from integrations.web_service import Bounded
from storage.look import Away

_EARLY = 120.0
"""Seconds before its end at which a token is not used any more."""
_SECONDS = 10.0
_MOST_BYTES = 100_000


class ServiceAccount(httpx.Auth):
    """Signs each request with a service account's access token, fetched once for all who wait.

    https://support.atlassian.com/user-management/docs/create-oauth-2-0-credential-for-service-accounts
    """

    def __init__(self, url: str, client_id: str, secret: str) -> None:
        self._url, self._client_id, self._secret = url, client_id, secret
        self._token, self._until = "", 0.0
        self._fetching = asyncio.Lock()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """See httpx.Auth. Raises NoAccess, Away."""
        request.headers["Authorization"] = f"Bearer {await self._now()}"
        answer = yield request
        if answer.status_code == 401:
            self._until = 0.0
            request.headers["Authorization"] = f"Bearer {await self._now()}"
            yield request

    async def _now(self) -> str:
        async with self._fetching:
            if time.monotonic() >= self._until:
                self._token, seconds = await self._fetched()
                self._until = time.monotonic() + max(seconds - _EARLY, seconds / 2)
            return self._token

    async def _fetched(self) -> tuple[str, float]:
        asked = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._secret,
        }
        try:
            async with httpx.AsyncClient(transport=Bounded(_MOST_BYTES), timeout=_SECONDS) as client:
                answer = await client.post(f"{self._url}/oauth/token", json=asked)
        except httpx.HTTPError as lost:
            raise Away(WHO, f"gives out no token ({type(lost).__name__})") from None
        if answer.status_code >= 500 or answer.status_code == 429:
            raise Away(WHO, f"gives out no token (status {answer.status_code})")
        try:
            said = answer.json()
            return str(said["access_token"]), float(said.get("expires_in", 3600))
        except (ValueError, KeyError, TypeError):
            raise NoAccess(f"{WHO} gives out no token: see JIRA_CLIENT_ID and JIRA_CLIENT_SECRET.") from None
