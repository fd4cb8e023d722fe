"""Where a card's links lead, outside the dashboard."""

from __future__ import annotations

from urllib.parse import quote

from bot.console.render import link_target
from bot.teams.sizes import wire_size

_LONGEST = 2_000
"""Characters of JSON of the longest address that is linked; browsers take little more."""


def address(target: str, public_url: str | None) -> str | None:
    """The address that a card's link opens, or None where its words must do.

    Links lead to https addresses, and to our own pages where people can reach them: under `public_url`.
    """
    found = link_target(target)
    if found is not None and found.startswith("/"):
        found = f"{public_url.rstrip('/')}{found}" if public_url else None
    return found if found is not None and wire_size(found) <= _LONGEST else None


def file_address(file: str, public_url: str | None) -> str | None:
    """The page that shows a stored file to whoever may see it."""
    return address(f"/files/{quote(file, safe='')}", public_url)
