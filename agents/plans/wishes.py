"""What people want to hear of while a plan is carried out."""

from __future__ import annotations

import re
from collections.abc import Iterable

BLOCKERS = "blockers"
COMPLETION = "completion"

_WORDS = (
    (re.compile(r"\bblock", re.IGNORECASE), BLOCKERS),
    (re.compile(r"\bcomplet|\bfinish|\bdone\b|\bready\b|\bend\b", re.IGNORECASE), COMPLETION),
)


def understood(wish: str) -> str | None:
    """The event that a wish is about (`blockers`, `completion`); None for one that nobody is told of yet."""
    return next((event for words, event in _WORDS if words.search(wish)), None)


def events(wishes: Iterable[str]) -> tuple[str, ...]:
    """The events behind the wishes, each once, in their order."""
    return tuple(dict.fromkeys(event for wish in wishes if (event := understood(wish)) is not None))
