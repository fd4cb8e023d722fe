"""Tokens from Entra for an application itself (client credentials), with msal."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import msal
import requests
from msal.exceptions import MsalServiceError
from requests.adapters import HTTPAdapter

from integrations.graph import GraphSettings, NoToken
from storage.look import Away

_SECONDS = 10.0


class ApplicationTokens:
    """The tokens of one application, for Microsoft Graph."""

    def __init__(self, settings: GraphSettings) -> None:
        self._settings = settings
        self._application: msal.ConfidentialClientApplication | None = None

    def fetch(self) -> tuple[str, float]:
        """A token, and for how many seconds it holds. Waits for the network. Raises NoToken, Away."""
        resource = urlsplit(self._settings.graph_url)
        try:
            if self._application is None:
                self._application = _application(self._settings)
            scope = f"{resource.scheme}://{resource.netloc}/.default"
            answer: dict[str, Any] = self._application.acquire_token_for_client([scope])
        except (requests.RequestException, json.JSONDecodeError, RuntimeError, MsalServiceError) as lost:
            raise Away("Entra", f"cannot be reached ({type(lost).__name__})") from lost
        except ValueError as unknown:  # msal's way to say that there is no such tenant
            raise NoToken("Entra does not know GRAPH_TENANT") from unknown
        if "access_token" not in answer:
            raise NoToken(f"Entra refuses a token ({answer.get('error', 'no_token')}); see GRAPH_CLIENT_SECRET")
        return str(answer["access_token"]), float(answer.get("expires_in", 3600))


def _application(settings: GraphSettings) -> msal.ConfidentialClientApplication:
    authority = f"{settings.entra_authority}/{settings.graph_tenant}"
    session = _Session()
    if settings.entra_authority.startswith("http://"):
        session.mount("https://", _WithoutTls())
    return msal.ConfidentialClientApplication(
        settings.graph_client_id,
        client_credential=settings.graph_client_secret.get_secret_value(),
        authority=authority.replace("http://", "https://", 1),
        instance_discovery=False,
        http_client=session,
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
        return super().request(*args, **{"timeout": _SECONDS, **options})
