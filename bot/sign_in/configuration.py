"""What of the settings belongs to signing in: the dashboard's address, the apps, and what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from bot.finding import Finding
from bot.logs import without_credentials
from bot.settings import Settings

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_DEFAULT_PORTS = {"https": 443, "http": 80}
_OURS = re.compile(r"/(?:dashboard|files)(?:[/?][!-\[\]-~]{0,2000})?")

FIRST_PAGE = "/dashboard"


class AddressUnusable(ValueError):
    """PUBLIC_URL cannot carry sign-in. The text says why, as a sentence about it."""


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """Scheme and host of PUBLIC_URL, in lower case and without a default port (`https://example.com`)."""

    scheme: str
    host: str

    @property
    def origin(self) -> str:
        """What a browser calls our pages' origin."""
        return f"{self.scheme}://{self.host}"

    @property
    def is_https(self) -> bool:
        """Whether what is sent here is encrypted on its way."""
        return self.scheme == "https"

    def callback(self, provider: str) -> str:
        """Where a provider sends people back to; it must know this address."""
        return f"{self.origin}/sign-in/{provider}/callback"

    def is_host(self, written: str) -> bool:
        """Whether a request's Host header names this address."""
        return _host(self.scheme, written) == self.host


def public_address(url: str | None) -> PublicAddress:
    """The address that PUBLIC_URL names. Raises AddressUnusable."""
    if not url:
        raise AddressUnusable("PUBLIC_URL is missing: the https address under which people reach the dashboard")
    shown = without_credentials(url)
    parts = _split(url)
    if parts is None or parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username:
        raise AddressUnusable(f"PUBLIC_URL={shown} is no address such as https://countersign.example.com")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise AddressUnusable(f"PUBLIC_URL={shown} has a path; the dashboard has an address of its own")
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise AddressUnusable(f"PUBLIC_URL={shown} is not https; sessions would travel for everyone to read")
    return PublicAddress(parts.scheme, _host(parts.scheme, parts.netloc))


def own_path(written: str | None) -> str:
    """Where to go after signing in: a page of the dashboard or a file of ours, and never another site."""
    return written if written and _OURS.fullmatch(written) else FIRST_PAGE


def _host(scheme: str, written: str) -> str:
    return written.lower().removesuffix(f":{_DEFAULT_PORTS[scheme]}")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # a port that is none raises here
    except ValueError:
        return None
    return parts


_NO_WAY = (
    "there is no way to sign in: set SLACK_CLIENT_ID, SLACK_CLIENT_SECRET and SLACK_WORKSPACES,"
    " or TEAMS_APP_ID, TEAMS_APP_PASSWORD and ENTRA_TENANTS"
)


@dataclass(frozen=True, slots=True)
class SlackApp:
    """The app that people sign in through. `workspaces` are the team and enterprise ids that are let in."""

    client_id: str
    client_secret: str = field(repr=False)
    workspaces: frozenset[str]
    api_url: str


@dataclass(frozen=True, slots=True)
class EntraApp:
    """The application that people sign in through. `tenants` are the Entra tenant ids that are let in."""

    client_id: str
    client_secret: str = field(repr=False)
    tenants: frozenset[str]
    authority: str


@dataclass(frozen=True, slots=True)
class SignInSettings:
    """`problems` are sentences about what is missing or wrong; with some of them one provider may work."""

    address: PublicAddress | None
    slack: SlackApp | None
    entra: EntraApp | None
    problems: tuple[str, ...]

    @property
    def redirects(self) -> tuple[str, ...]:
        """Where the providers send people back to, by each that works; none if nobody can sign in."""
        if self.address is None:
            return ()
        apps = {"slack": self.slack, "entra": self.entra}
        return tuple(self.address.callback(name) for name, app in apps.items() if app is not None)


def sign_in_settings(settings: Settings) -> SignInSettings:
    """What the settings say about signing in."""
    problems: list[str] = []
    address = None
    try:
        address = public_address(settings.public_url)
    except AddressUnusable as unusable:
        problems.append(str(unusable))
    slack, entra = _slack(settings), _entra(settings)
    if slack is None and entra is None:
        problems.append(_NO_WAY)
    problems += _half(settings, "Slack", ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"), "SLACK_WORKSPACES")
    problems += _half(settings, "Microsoft", ("TEAMS_APP_ID", "TEAMS_APP_PASSWORD"), "ENTRA_TENANTS")
    return SignInSettings(address, slack, entra, tuple(problems))


def _slack(settings: Settings) -> SlackApp | None:
    secret = settings.slack_client_secret
    if not settings.slack_client_id or secret is None or not settings.slack_workspaces:
        return None
    return SlackApp(
        settings.slack_client_id, secret.get_secret_value(), settings.slack_workspaces, settings.slack_api_url
    )


def _entra(settings: Settings) -> EntraApp | None:
    secret = settings.teams_app_password
    if not settings.teams_app_id or secret is None or not settings.entra_tenants:
        return None
    return EntraApp(
        settings.teams_app_id, secret.get_secret_value(), settings.entra_tenants, settings.entra_authority
    )


def _half(settings: Settings, label: str, app: tuple[str, str], listing: str) -> list[str]:
    """What is missing for an app of which something is set; nothing where there is no app."""
    missing = [name for name in (*app, listing) if not getattr(settings, name.lower())]
    if not missing or missing[:2] == list(app):
        return []
    return [f"signing in with {label} also needs {' and '.join(missing)}"]


def examine_sign_in(settings: Settings) -> Iterator[Finding]:
    """What is missing, and what the providers must know of us. Here, where there is no sign-in, nothing is."""
    if settings.env == "local":
        yield Finding("sign-in", "well", "not needed: ENV=local lets you choose who you are")
        return
    configured = sign_in_settings(settings)
    state: Literal["advice", "wrong"] = "advice" if configured.redirects else "wrong"
    for problem in configured.problems:
        yield Finding("sign-in", state, problem)
    if configured.redirects:
        says = f"the apps must know as redirect URL: {', '.join(configured.redirects)}"
        yield Finding("sign-in", "well", says)
