"""What Teams needs to be told, checked before anything of it starts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.settings import Settings

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class TeamsMisconfigured(Exception):
    """Teams cannot start safely with these settings. The text says which and what to do."""


@dataclass(frozen=True, slots=True)
class TeamsConfiguration:
    """The bot's application, and the Entra tenants that it serves, in lower case.

    `app_tenant` is where the application is registered: its tokens for the connector come from there.
    """

    app_id: str
    password: str
    app_tenant: str
    tenants: frozenset[str]
    openid_url: str
    authority: str
    graph_url: str
    public_url: str | None

    @property
    def stand_in(self) -> str | None:
        """Scheme and authority of what stands in for Microsoft's servers on this machine, if something does."""
        parts = urlsplit(self.graph_url)
        return f"{parts.scheme}://{parts.netloc}" if parts.hostname in _LOOPBACK else None

    @property
    def bot(self) -> str:
        """The bot's own account in conversations."""
        return f"28:{self.app_id}"


def configuration(settings: Settings) -> TeamsConfiguration:
    """What the settings say of Teams. Raises TeamsMisconfigured.

    An empty TEAMS_APP_ID is a mistake, never a bot that answers whoever calls: without an id nothing
    proves that a request is meant for us.
    """
    app_id = (settings.teams_app_id or "").strip().lower()
    if not _UUID.fullmatch(app_id):
        raise TeamsMisconfigured(
            "TEAMS_APP_ID is not an application id, so nothing could prove that a request comes from Teams."
            " Set it to the bot's Entra application (client) id, or leave it out to run without Teams."
        )
    password = settings.teams_app_password.get_secret_value() if settings.teams_app_password else ""
    if not password:
        raise TeamsMisconfigured("TEAMS_APP_PASSWORD is missing: set it to the application's client secret.")
    tenants = frozenset(tenant.lower() for tenant in settings.entra_tenants)
    for tenant in tenants:
        if not _UUID.fullmatch(tenant):
            raise TeamsMisconfigured(f"ENTRA_TENANTS names “{tenant}”, which is no Entra tenant id.")
    for name, url in (
        ("TEAMS_OPENID_URL", settings.teams_openid_url),
        ("ENTRA_AUTHORITY", settings.entra_authority),
        ("GRAPH_URL", settings.graph_url),
    ):
        _demand_safe(name, url)
    return TeamsConfiguration(
        app_id=app_id,
        password=password,
        app_tenant=_app_tenant(settings, tenants),
        tenants=tenants,
        openid_url=settings.teams_openid_url,
        authority=settings.entra_authority.rstrip("/"),
        graph_url=settings.graph_url.rstrip("/"),
        public_url=settings.public_url,
    )


def _app_tenant(settings: Settings, tenants: frozenset[str]) -> str:
    if not tenants:
        raise TeamsMisconfigured(
            "ENTRA_TENANTS is empty, so every message would be refused: list this company's Entra tenant ids."
        )
    if settings.teams_app_tenant:
        return settings.teams_app_tenant.strip().lower()
    if len(tenants) > 1:
        raise TeamsMisconfigured(
            "ENTRA_TENANTS lists several tenants: set TEAMS_APP_TENANT to the one in which the application is"
            " registered."
        )
    return next(iter(tenants))


def _demand_safe(name: str, url: str) -> None:
    """Keys and tokens travel by TLS, or stay on this machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise TeamsMisconfigured(f"{name} must be an https address; it is “{url}”.")
