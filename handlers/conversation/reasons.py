"""The reason that somebody gives along with a request, in their own words."""

from __future__ import annotations

import re

_GIVEN = re.compile(
    r"(?:\breason(?:\s+is)?\s*[:=]?\s*|\bbecause(?:\s+of)?\s+|\bsince\s+(?!\w+day)|\bas\s+(?=we|the|there|it)"
    r"|[:,;–—-]\s+)(?P<why>\S.{2,})\Z",
    re.IGNORECASE | re.DOTALL,
)


def reason_in(text: str) -> str | None:
    """What follows `reason:`, `because`, a colon or a comma at the end of a request; None if nothing does."""
    found = _GIVEN.search(text.strip())
    return found["why"].strip(" .!") or None if found else None


def reason_or_words(text: str) -> str:
    """The reason given, or what was said, for acts that must not wait for one."""
    said = text.strip()
    return reason_in(said) or (f"Said: “{said}”" if said else "No reason was given.")
