"""Several requests in one message: where it may be cut, so that each is answered."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from handlers.language.mood import Mood
from handlers.language.recognition import Recognition

MOST_PARTS = 6
"""A message of more fragments than this is read as one: it is a text, not a list of requests."""

SURE_BY_ITSELF = 0.6
"""The confidence from which a fragment counts as a request of its own."""

_BESIDE = frozenset({Mood.REPORT, Mood.NEGATION, Mood.CONDITION, Mood.QUOTATION})
"""What stands beside a request is its reason, its limit or its condition."""

_CUT = re.compile(
    r"\s*(?:[.!?]\s+|\n+|;\s*|,\s*(?:and\s+|then\s+|also\s+|plus\s+|und\s+|y\s+|et\s+)?|\s+(?:and|then|plus|n|&|und|y|et)\s+)",
    re.IGNORECASE,
)
_SPOKEN = re.compile(r"[“”\"«»]|(?<!\w)'[^']*'|:\s")
"""What is quoted, or stands behind a colon, is one thing's text: a story's title, a reason."""


def fragments(text: str) -> list[str]:
    """The pieces between which a message may be cut; the whole where it may not be."""
    guarded = _SPOKEN.search(text)
    head = text[: guarded.start()] if guarded else text
    tail = text[guarded.start() :] if guarded else ""
    pieces = [piece.strip() for piece in _CUT.split(head)]
    kept = [piece for piece in pieces if piece]
    if tail:
        kept = [*kept[:-1], f"{kept[-1]} {tail}".strip()] if kept else [tail]
    return kept if 1 < len(kept) <= MOST_PARTS else [text]


async def parts(text: str, meaning: Callable[[str], Awaitable[Recognition]]) -> list[str]:
    """The message's requests, each in its own words; one part where it is one request.

    A fragment that means nothing by itself belongs to the one before it ("freeze orders and checkout until
    Friday"). Only different requests are told apart: two of one kind are one request about two things.
    """
    pieces = fragments(text)
    if len(pieces) == 1:
        return [text]
    found: list[str] = []
    names: list[str | None] = []
    for piece in pieces:
        read = await meaning(piece)
        alone = read.name if read.confidence >= SURE_BY_ITSELF and read.mood not in _BESIDE else None
        if found and (alone is None or alone == names[-1]):
            found[-1] = f"{found[-1]}, {piece}"
        else:
            found.append(piece)
            names.append(alone)
    whole = sum(name is not None for name in names)
    return found if whole > 1 and len(set(names) - {None}) > 1 else [text]
