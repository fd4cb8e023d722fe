"""Where the links in cards lead: into our own dashboard, to a vendor's page, or nowhere."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

_OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
_HTTPS = re.compile(r"https://[^\\\x00-\x20\x7f<>\"]+")


def link_target(target: str) -> str | None:
    """The target if it is a path of our own or an https address; None for anything else."""
    if _OWN_PATH.fullmatch(target):
        return target
    if not _HTTPS.fullmatch(target):
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    return target if parts.hostname and "@" not in parts.netloc else None


def outside_target(target: str, public_url: str | None) -> str | None:
    """The address that a link has outside the console, or None: then its text stands alone.

    A path of our own needs the address under which people reach the dashboard.
    """
    allowed = link_target(target)
    if allowed is None or not allowed.startswith("/"):
        return allowed
    return f"{public_url.rstrip('/')}{allowed}" if public_url else None


def file_target(file: str, public_url: str | None) -> str | None:
    """The address at which the dashboard opens a stored file, or None if the dashboard has none."""
    return outside_target(f"/files/{quote(file, safe='')}", public_url)
