"""What proves us to Jira: a person's API token, or a service account's own client id and secret."""

from __future__ import annotations

import httpx

from integrations.bearer import Bearer
from integrations.tracker.vendors.jira.api import WHO, NoAccess
from integrations.web_service import Bounded
from storage.look import Away

_EARLY = 120.0
"""Seconds before its end at which a token is not used any more."""
_SECONDS = 10.0
_MOST_BYTES = 100_000


class ServiceAccount:
    """A service account's access tokens.

    https://support.atlassian.com/user-management/docs/create-oauth-2-0-credential-for-service-accounts
    """

    def __init__(self, url: str, client_id: str, secret: str) -> None:
        self._url, self._client_id, self._secret = url, client_id, secret

    @property
    def auth(self) -> httpx.Auth:
        """What signs requests with them. Raises NoAccess, Away where it is used."""
        return Bearer(self._fetched, _EARLY)

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
