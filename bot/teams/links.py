"""Where a card's links lead, outside the dashboard."""

from __future__ import annotations

from bot.platforms.links import file_target, outside_target
from bot.teams.sizes import wire_size

_LONGEST = 2_000
"""Characters of JSON of the longest address that is linked; browsers take little more."""


def address(target: str, public_url: str | None) -> str | None:
    """The address that a card's link opens, or None where its words must do."""
    return _short(outside_target(target, public_url))


def file_address(file: str, public_url: str | None) -> str | None:
    """The page that shows a stored file to whoever may see it."""
    return _short(file_target(file, public_url))


def _short(found: str | None) -> str | None:
    return found if found is not None and wire_size(found) <= _LONGEST else None
