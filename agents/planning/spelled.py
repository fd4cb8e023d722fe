"""Names in texts: found whatever their case, hyphens and spaces, and never within another word."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache


def mentions(text: str, names: Iterable[str]) -> bool:
    """Whether one of the names stands in the text. Names of under three letters are not looked for."""
    return any(place_of(text, name) for name in names if len(name) > 2)


def place_of(text: str, name: str) -> re.Match[str] | None:
    """Where a name stands first in a text; None for nowhere, or for an empty name."""
    return _pattern(name).search(text) if name.strip() else None


def without(text: str, name: str) -> str:
    """The text with this name taken out."""
    spelled = _spelled(name)
    return re.sub(spelled, " ", text, flags=re.IGNORECASE) if spelled else text


@lru_cache(maxsize=4096)
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){_spelled(name)}(?![\w]|-\w)", re.IGNORECASE)


def _spelled(name: str) -> str:
    return r"[\s_-]+".join(re.escape(part) for part in re.split(r"[\s_-]+", name) if part)
