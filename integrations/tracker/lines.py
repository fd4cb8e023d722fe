"""Texts as actions carry them: what people are asked to approve reads the same for everybody."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

LONGEST_LINE = 500
LONGEST_TEXT = 50_000

_SHOWN_OTHERWISE = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")
"""Direction overrides and Unicode's own line breaks: with them a line reads as another than it is."""


def require_line(text: str) -> str:
    """One line of visible text, at most LONGEST_LINE characters. Raises ValueError."""
    if not text.strip():
        raise ValueError("this must not be empty")
    if len(text) > LONGEST_LINE:
        raise ValueError(f"this must fit into {LONGEST_LINE} characters; it has {len(text)}")
    if any(c in _SHOWN_OTHERWISE or unicodedata.category(c) in ("Cc", "Cs") for c in text):
        raise ValueError("this must be one line, without control characters")
    return text


def require_text(text: str) -> str:
    """Text of any number of lines, at most LONGEST_TEXT characters. Raises ValueError."""
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"this must fit into {LONGEST_TEXT} characters; it has {len(text)}")
    for character in text:
        hidden = unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t"
        if hidden or character in _SHOWN_OTHERWISE:
            raise ValueError("this must not hold control characters")
    return text


Line = Annotated[str, AfterValidator(require_line)]
Text = Annotated[str, AfterValidator(require_text)]
Id = Annotated[str, StringConstraints(max_length=100), AfterValidator(require_line)]
