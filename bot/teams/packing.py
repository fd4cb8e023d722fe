"""How much room text takes in a card, cutting it to fit, and shortening what has no other room."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from typing import Any

BUDGET = 18_000
"""Characters of JSON that one card may have, as they go over the wire (all of them ASCII)."""

ELEMENT = 4_000
"""Characters of JSON that one paragraph's text may have, so that any element fits into any card."""

_JOINER = "\u200d"
_SELECTORS = frozenset("\ufe0e\ufe0f")
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def wire_size(value: Any) -> int:
    """Characters of `value` as JSON on the wire."""
    return len(json.dumps(value))


def cut(text: str, room: int) -> list[str]:
    """`text` in pieces of at most `room` characters of JSON each (`room` is 12 or more).

    Joined, the pieces are the text. They end at white space where there is any in their second half,
    and never between a character and the marks that belong to it.
    """
    if wire_size(text) - 2 <= room:
        return [text] if text else []
    pieces: list[str] = []
    start = size = gap = 0
    for index, character in enumerate(text):
        cost = _cost(character)
        while size + cost > room:
            end = gap if gap - start > (index - start) // 2 else _boundary(text, start, index)
            pieces.append(text[start:end])
            size = sum(map(_cost, text[end:index]))
            start = end
        size += cost
        if character.isspace():
            gap = index + 1
    return [*pieces, text[start:]]


def shortened(text: str, most: int) -> str:
    """`text` as one line of at most `most` characters; what was left out shows as an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def grouped(elements: Iterable[Any], room: int) -> list[list[Any]]:
    """The elements in order, in groups of at most `room` characters of JSON; a larger one stands alone."""
    groups: list[list[Any]] = []
    left = 0
    for element in elements:
        size = wire_size(element) + 2
        if not groups or size > left:
            groups.append([])
            left = room
        groups[-1].append(element)
        left -= size
    return groups


def _cost(character: str) -> int:
    if character in '"\\\n\r\t\b\f':
        return 2
    if " " <= character <= "~":
        return 1
    return 6 if character <= "\uffff" else 12


def _boundary(text: str, start: int, index: int) -> int:
    """The last place in `text[start:index]` where a new character begins; `index` if there is none."""
    for place in range(index, start, -1):
        if not _belongs(text[place]) and text[place - 1] != _JOINER:
            return place
    return index


def _belongs(character: str) -> bool:
    return (
        character == _JOINER
        or character in _SELECTORS
        or ord(character) in _SKIN_TONES
        or unicodedata.combining(character) > 0
    )
