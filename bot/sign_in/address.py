"""Where people reach the dashboard, and where they may be sent after they signed in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from bot.masking import without_credentials

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

    def callback(self, way: str) -> str:
        """Where a provider sends people back to; it must know this address."""
        return f"{self.origin}/sign-in/{way}/callback"

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
