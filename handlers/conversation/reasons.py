"""The reason that somebody gives along with a request, in their own words."""

from __future__ import annotations

import re

_MARKED = (
    re.compile(r"[\s,;:.–—-]*\breason(?:\s+is)?\s*[:=]?\s+(?P<why>\S.{2,})\Z", re.IGNORECASE | re.DOTALL),
    re.compile(r"[\s,;:.–—-]*\bbecause(?:\s+of)?\s+(?P<why>\S.{2,})\Z", re.IGNORECASE | re.DOTALL),
    re.compile(r"\s*(?:[,;]\s+|\s[–—-]\s+)(?P<why>\S.{2,})\Z", re.DOTALL),
    re.compile(r"\s*:\s+(?P<why>\S.{2,})\Z", re.DOTALL),
)
"""From the surest sign of a reason to the least: the word, "because", a comma or dash, a colon."""


def split_reason(text: str) -> tuple[str, str | None]:
    """A request without its reason, and the reason: what follows `reason:`, `because`, a colon or comma."""
    said = text.strip()
    for pattern in _MARKED:
        found = pattern.search(said)
        why = found["why"].strip(" .!") if found else ""
        if found and why:
            return said[: found.start()], why
    return said, None


def reason_in(text: str) -> str | None:
    """The reason alone; None if none is given."""
    return split_reason(text)[1]


def reason_or_words(text: str) -> str:
    """The reason given, or what was said, for acts that must not wait for one."""
    said = text.strip()
    return reason_in(said) or (f"Said: “{said}”" if said else "No reason was given.")
