"""Microsoft Graph for vendors: one mailbox of the company's, spoken for by an application with its own secret.

Application permissions, granted for this one mailbox by an administrator (RBAC for Applications in Exchange
Online): Calendars.ReadWrite, Mail.ReadWrite and Mail.Send, as far as calendar and mail are used. Free and busy
times of others are read from it, as anybody in the company may.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
from pydantic import Field, SecretStr, field_validator

from integrations.bearer import Bearer
from integrations.integration import VendorSettings, https_address
from integrations.mail import is_address
from integrations.web_service import Bounded, Manners, WebService

if TYPE_CHECKING:
    from integrations.graph_tokens import ApplicationTokens

WHO = "Microsoft 365"
MOST_BYTES = 4_000_000
"""Of one answer; a longer one is not read to its end."""

_EARLY = 300.0
"""Seconds before its end at which a token is not used any more."""

_SECONDS = 10.0


class NoToken(Exception):
    """Entra refuses a token: a wrong secret, an application that the tenant does not know. The text is for
    people, and never has a secret in it."""


class GraphSettings(VendorSettings):
    """The application, and the mailbox that it speaks for."""

    graph_tenant: str = Field(min_length=1, description="Entra tenant (id) that the mailbox is in.")
    graph_client_id: str = Field(min_length=1, description="Client id of the application with the permissions.")
    graph_client_secret: SecretStr = Field(description="Its secret.")
    graph_mailbox: str = Field(description="The one mailbox that meetings stand in and mail comes from.")
    graph_url: str = Field(default="https://graph.microsoft.com/v1.0", description="Where Microsoft Graph is.")
    entra_authority: str = Field(
        default="https://login.microsoftonline.com", description="Where Entra gives tokens."
    )

    @field_validator("graph_url", "entra_authority")
    @classmethod
    def _encrypted(cls, written: str) -> str:
        return https_address(written)

    @field_validator("graph_mailbox")
    @classmethod
    def _mailbox(cls, written: str) -> str:
        if not is_address(written):
            raise ValueError("must be a mail address")
        return written


class Graph:
    """The mailbox over the wire. `service` is called with paths below `/users/<mailbox>/`."""

    def __init__(self, settings: GraphSettings) -> None:
        self.mailbox = settings.graph_mailbox
        secret = settings.graph_client_secret.get_secret_value()
        client = httpx.AsyncClient(
            base_url=f"{settings.graph_url}/users/{quote(settings.graph_mailbox)}/",
            transport=Bounded(MOST_BYTES),
            auth=Bearer(_Tokens(settings).fetch, _EARLY),
            headers={"Prefer": 'outlook.timezone="UTC"'},
        )
        self.service = WebService(WHO, client, Manners(seconds=_SECONDS), (secret,))

    async def close(self) -> None:
        """Let go of its connections."""
        await self.service.client.aclose()


class _Tokens:
    """The application's tokens; msal waits, so each is fetched off the event loop."""

    def __init__(self, settings: GraphSettings) -> None:
        self._settings = settings
        self._tokens: ApplicationTokens | None = None

    async def fetch(self) -> tuple[str, float]:
        """Raises NoToken, Away."""
        return await asyncio.to_thread(self._fetched)

    def _fetched(self) -> tuple[str, float]:
        from integrations.graph_tokens import ApplicationTokens

        if self._tokens is None:
            self._tokens = ApplicationTokens(self._settings)
        return self._tokens.fetch()
