"""Blocks into messages: as few as Slack's limits allow, in order, none left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.slack.limits import Json, size

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
