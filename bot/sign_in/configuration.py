"""What of the settings belongs to signing in, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.settings import Settings
from bot.sign_in.address import AddressUnusable, PublicAddress, public_address

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
    """`problems` are sentences about what is missing or wrong; with some of them one way may still work."""

    address: PublicAddress | None
    slack: SlackApp | None
    entra: EntraApp | None
    problems: tuple[str, ...]

    @property
    def redirects(self) -> tuple[str, ...]:
        """Where the providers send people back to, by each way that works; none if nobody can sign in."""
        if self.address is None:
            return ()
        apps = {"slack": self.slack, "entra": self.entra}
        return tuple(self.address.callback(way) for way, app in apps.items() if app is not None)


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
