"""Tokens from Entra for this application itself (client credentials): fetched off the event loop, kept until
they are about to expire."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any
from urllib.parse import urlsplit

import msal
import requests
from msal.exceptions import MsalServiceError
from requests.adapters import HTTPAdapter

from bot.platforms.adapter import PlatformAway
from bot.teams.configuration import TeamsConfiguration

CONNECTOR = "https://api.botframework.com"
"""The resource that connectors' tokens are for."""

_EARLY = 300.0
"""Seconds before its end at which a token is not used any more."""

_PATIENCE_SECONDS = 10.0

_NO_ANSWER = (json.JSONDecodeError, RuntimeError, MsalServiceError)
"""How msal says that what came was no answer of Entra's, but a page of whoever stands in between."""

_PASSING = frozenset({"temporarily_unavailable", "server_error", "service_unavailable"})
"""Errors that say nothing about us."""


class NoToken(PlatformAway):
    """Entra refuses a token: a wrong secret, an application that the tenant does not know. The text is its
    error code, never a secret. Whoever waits for Teams waits until an administrator has seen to that."""


class EntraLost(PlatformAway):
    """Entra cannot be reached just now."""


class EntraTokens:
    """This application's tokens, by tenant and resource."""

    def __init__(self, configuration: TeamsConfiguration) -> None:
        self._configuration = configuration
        self._applications: dict[str, msal.ConfidentialClientApplication] = {}
        self._tokens: dict[tuple[str, str], tuple[str, float]] = {}
        self._fetching: dict[tuple[str, str], asyncio.Lock] = {}

    async def token(self, tenant: str, resource: str) -> str:
        """A bearer token for `resource` (`https://graph.microsoft.com`) in a tenant.

        Raises NoToken and EntraLost.
        """
        wanted = (tenant, resource)
        async with self._fetching.setdefault(wanted, asyncio.Lock()):
            token, until = self._tokens.get(wanted, ("", 0.0))
            if time.monotonic() >= until:
                token, seconds = await asyncio.to_thread(self._fetch, tenant, resource)
                self._tokens[wanted] = (token, time.monotonic() + max(seconds - _EARLY, seconds / 2))
            return token

    def _fetch(self, tenant: str, resource: str) -> tuple[str, float]:
        try:
            application = self._applications.get(tenant) or self._application(tenant)
            self._applications[tenant] = application
            answer: dict[str, Any] = application.acquire_token_for_client([f"{resource}/.default"])
        except requests.RequestException as failed:
            raise EntraLost(type(failed).__name__) from failed
        except _NO_ANSWER as unread:
            raise EntraLost(type(unread).__name__) from unread
        except ValueError as unknown:  # msal's way to say that there is no such tenant
            raise NoToken("invalid_tenant") from unknown
        if "access_token" in answer:
            return str(answer["access_token"]), float(answer.get("expires_in", 3600))
        error = str(answer.get("error", "no_token"))
        raise EntraLost(error) if error in _PASSING else NoToken(error)

    def _application(self, tenant: str) -> msal.ConfidentialClientApplication:
        authority = f"{self._configuration.authority}/{tenant}"
        return msal.ConfidentialClientApplication(
            self._configuration.app_id,
            client_credential=self._configuration.password,
            authority=authority.replace("http://", "https://", 1),
            instance_discovery=False,
            http_client=_session(self._configuration.authority),
        )


class _WithoutTls(HTTPAdapter):
    """msal speaks https alone; a stand-in for Entra on this machine has no certificate."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        """As the parent's, by http."""
        request.url = (request.url or "").replace("https://", "http://", 1)
        return super().send(request, **options)


class _Session(requests.Session):
    """A session that does not wait for ever."""

    def request(self, *args: Any, **options: Any) -> requests.Response:
        """As the parent's, with a timeout."""
        return super().request(*args, **{"timeout": _PATIENCE_SECONDS, **options})


def _session(authority: str) -> requests.Session:
    session = _Session()
    parts = urlsplit(authority)
    if parts.scheme == "http":
        session.mount(f"https://{parts.netloc}", _WithoutTls())
    return session
