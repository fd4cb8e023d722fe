"""What a text leaves out or denies: "everything except orders", "payments, not orders"."""

from __future__ import annotations

import re

BUT = r"(?:but not|except(?: for)?|excluding|apart from|other than|all but|everything but)"
"""Words behind which something is left out, for use inside other patterns."""

_LEFT_OUT = re.compile(rf",?\s*\b{BUT}\s+(?P<what>[^,;.:!?]+)", re.IGNORECASE)
_DENIED = re.compile(r",?\s*\b(?:not|rather than|instead of)\s+[^,;.:!?]+", re.IGNORECASE)


def left_out(text: str) -> str | None:
    """What a text leaves out, in its words; None if it leaves nothing out."""
    found = _LEFT_OUT.search(text)
    return found["what"].strip() if found else None


def without_left_out(text: str) -> str:
    """A text without what it leaves out."""
    return _LEFT_OUT.sub(" ", text)


def without_denied(text: str) -> str:
    """A text without what it denies: `payments, not orders` reads `payments`."""
    return _DENIED.sub(" ", text)
