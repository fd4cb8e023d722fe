"""Several requests in one message: where it may be cut, so that each is answered."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from handlers.language.mood import Mood
from handlers.language.recognition import Recognition

MOST_PARTS = 6
"""A message of more fragments than this is read as one: it is a text, not a list of requests."""

SURE_BY_ITSELF = 0.8
"""The confidence from which a fragment counts as a request of its own."""

_ALONE = frozenset({Mood.REQUEST, Mood.QUESTION})
_BINDS = frozenset({Mood.CONDITION, Mood.NEGATION, Mood.QUOTATION})
"""A fragment in such a mood says something of its neighbours: the message is read as one."""

_ORDERED = 0.6
_SHORT = 2
"""Words; pieces that short are requests only in a list of such, or where they plainly order something."""

_PLAINLY_ORDERED = 0.9
_PLAINLY_ONE = 0.95

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
    read = [await meaning(piece) for piece in pieces]
    if any(one.mood in _BINDS for one in read):
        return [text]
    listed = len(pieces[0].split()) <= _SHORT
    names = [_by_itself(one, piece, listed=listed) for one, piece in zip(read, pieces, strict=True)]
    found: list[str] = []
    kept: list[str | None] = []
    for piece, name in zip(pieces, names, strict=True):
        if found and (name is None or name == kept[-1]):
            found[-1] = f"{found[-1]}, {piece}"
        else:
            found.append(piece)
            kept.append(name)
    requests = {name for name in kept if name is not None}
    if len(requests) < 2 or await _is_one(text, found, kept, meaning):
        return [text]
    return found


async def _is_one(
    text: str, found: list[str], kept: list[str | None], meaning: Callable[[str], Awaitable[Recognition]]
) -> bool:
    """Whether a word or two say what the rest is about, and the whole is plainly that ("give the SRE agent the
    wheel for 90 min, incident mode")."""
    short = {name for piece, name in zip(found, kept, strict=True) if len(piece.split()) <= _SHORT}
    if not short or len(found) > _SHORT:
        return False
    whole = await meaning(text)
    return whole.name in short and whole.mood is Mood.REQUEST and whole.confidence >= _PLAINLY_ONE


def _by_itself(read: Recognition, piece: str, *, listed: bool) -> str | None:
    """The request that a piece is by itself; None where it is none. In a list a bare name means itself."""
    if listed and piece.casefold().replace(" ", "_") == read.name:
        return read.name
    if read.confidence < SURE_BY_ITSELF or read.mood not in _ALONE:
        return None
    if read.mood is Mood.REQUEST and read.ordered < _ORDERED:
        return None
    plain = read.mood is Mood.REQUEST and min(read.ordered, read.confidence) >= _PLAINLY_ORDERED
    return read.name if listed or plain or len(piece.split()) > _SHORT else None
