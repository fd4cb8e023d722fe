"""Slack's limits, and honouring them by splitting: nothing is cut off silently."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

HEADER = 150
FIELDS = 10
ACTIONS = 25
BUTTON = 75
OPTION = 75
ALT_TEXT = 2_000
TABLE_ROWS = 100
TABLE_COLUMNS = 20

BLOCK_ROOM = 2_900
"""Bytes of JSON in one block of text; a section ends at 3000 characters."""

_JOINER = "\u200d"
_JOINING = frozenset({"Mn", "Me", "Mc", "Sk"})
_LONGEST_CHARACTER = 30


def size(value: object) -> int:
    """Bytes of a value as JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def encoded(text: str) -> int:
    """Bytes of a text within JSON."""
    return size(text) - 2


def length(text: str) -> int:
    """Characters of a text as Slack may count them: those outside the basic plane are two."""
    return len(text) + sum(character > "\uffff" for character in text)


def cut(text: str, room: int, measure: Callable[[str], int] = encoded) -> tuple[str, str]:
    """The text in two: as much of it as has room, and the rest.

    Cut after a line or a word if one ends in the second half, and never within a character that is
    written with several. The two joined are the text. `measure` is at least one for each character.
    """
    if measure(text) <= room:
        return text, ""
    end = _longest(text, room, measure)
    for separator in ("\n", " "):
        at = text.rfind(separator, end // 2, end)
        if at > 0:
            return text[: at + 1], text[at + 1 :]
    apart = (at for at in range(end, max(end - _LONGEST_CHARACTER, 0), -1) if not _joined(text, at))
    end = next(apart, end)
    return text[:end], text[end:]


def _longest(text: str, room: int, measure: Callable[[str], int]) -> int:
    low, high = 1, min(len(text), room)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle]) <= room:
            low = middle
        else:
            high = middle - 1
    return low


def _joined(text: str, at: int) -> bool:
    """Whether what stands at both sides is written as one character."""
    both = text[at - 1 : at + 1]
    return _JOINER in both or unicodedata.category(both[1]) in _JOINING


def pieces(text: str, room: int = BLOCK_ROOM, measure: Callable[[str], int] = encoded) -> list[str]:
    """The text in as many pieces as it takes; none for no text. Joined they are the text."""
    cuts: list[str] = []
    while text:
        head, text = cut(text, room, measure)
        cuts.append(head)
    return cuts


def shortened(text: str, most: int) -> str:
    """The text in `most` characters, with an ellipsis if it is longer: the whole must stand elsewhere."""
    if length(text) <= most:
        return text
    return f"{cut(text, most - 1, length)[0].rstrip()}…"


def grouped(items: Iterable[Json], *, most: int, room: int) -> list[list[Json]]:
    """The items in order, in groups of `most` and of `room` bytes of JSON; one too large stands alone."""
    groups: list[list[Json]] = []
    left = 0
    for item in items:
        wanted = size(item) + 1
        if not groups or len(groups[-1]) == most or wanted > left:
            groups.append([])
            left = room
        groups[-1].append(item)
        left -= wanted
    return groups


_BLOCKS = 49
_ROOM = 11_500
"""Bytes of JSON. Slack refuses a message near 13,200, and adds an id to each of its blocks.

Both leave room for the line that says which of several messages this is.
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """A block of the card named `card`. One that `leads` stands with what follows it."""

    block: Json
    card: str
    leads: bool = False


def pack(pieces: Iterable[Piece]) -> list[list[Piece]]:
    """The pieces in order, each list of them with room in one message."""
    messages: list[list[Piece]] = []
    now: list[Piece] = []
    for piece in pieces:
        if now and not _fit([*now, piece]):
            kept = _without_leads(now)
            messages.append(kept)
            now = now[len(kept) :]
            if now and not _fit([*now, piece]):
                messages.append(now)
                now = []
        now.append(piece)
    return [*messages, now] if now else messages


def _without_leads(pieces: Sequence[Piece]) -> list[Piece]:
    kept = list(pieces)
    while kept and kept[-1].leads:
        kept.pop()
    return kept or list(pieces)


def _fit(pieces: Sequence[Piece]) -> bool:
    tables = sum(piece.block["type"] == "table" for piece in pieces)
    return len(pieces) <= _BLOCKS and tables <= 1 and size([piece.block for piece in pieces]) <= _ROOM
