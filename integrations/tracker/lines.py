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
    if any(map(_is_hidden, text)):
        raise ValueError("this must be one line, without control characters")
    return text


def require_text(text: str) -> str:
    """Text of any number of lines, at most LONGEST_TEXT characters. Raises ValueError."""
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"this must fit into {LONGEST_TEXT} characters; it has {len(text)}")
    if any(_is_hidden(character) and character not in "\n\t" for character in text):
        raise ValueError("this must not hold control characters")
    return text


def plain_text(text: str) -> str:
    """The text without the characters that `require_text` refuses, for what was read elsewhere."""
    return "".join(c if c in "\n\t" or not _is_hidden(c) else " " for c in text)


def plain_line(text: str, longest: int = LONGEST_LINE) -> str:
    """One line that `require_line` accepts, cut at a word where it is too long; empty stays empty."""
    flat = " ".join("".join(" " if _is_hidden(c) else c for c in text).split())
    return flat if len(flat) <= longest else f"{flat[: longest - 1].rsplit(' ', 1)[0]}…"


def _is_hidden(character: str) -> bool:
    return character in _SHOWN_OTHERWISE or unicodedata.category(character) in ("Cc", "Cs")


Line = Annotated[str, AfterValidator(require_line)]
Text = Annotated[str, AfterValidator(require_text)]
Id = Annotated[str, StringConstraints(max_length=100), AfterValidator(require_line)]
