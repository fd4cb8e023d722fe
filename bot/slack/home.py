"""Replies as a person's App Home, which shows one reply at a time and all of it on one page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.slack.blocks import card_pieces, text_blocks, with_action_ids
from bot.slack.card_blocks import Surface, small_blocks
from bot.slack.limits import Json, size
from bot.slack.working import working_blocks
from handlers.conversation.cards import Inline, Link, Reply

_BLOCKS = 99
_ROOM = 200_000
"""Bytes of JSON; Slack refuses views of 250 kB. Both leave room for the line about what has none."""


def home_view(reply: Reply, *, public_url: str | None) -> dict[str, Any]:
    """A reply as a view for `views.publish`.

    Cards stand whole, in order, unless the first is too long by itself; what has no room is counted in
    the last line, which says where it is.
    """
    surface = Surface(public_url, is_message=False)
    shown: list[Json] = []
    sections = [[piece.block for piece in card_pieces(card, surface)] for card in reply.cards]
    sections = [*(sections or [text_blocks(reply.text)]), working_blocks(reply.facts)]
    left_out = 0
    for section in filter(None, sections):
        if left_out or not _fit([*shown, *section]):
            shown = shown or _beginning(section)
            left_out += 1
        else:
            shown += section
    return {
        "type": "home",
        "blocks": with_action_ids([*shown, *_rest(left_out, public_url)]),
    }


def _fit(blocks: Sequence[Json]) -> bool:
    return len(blocks) <= _BLOCKS and size(blocks) <= _ROOM


def _beginning(section: list[Json]) -> list[Json]:
    shown = section[:_BLOCKS]
    while not _fit(shown):
        shown.pop()
    return shown


def _rest(left_out: int, public_url: str | None) -> list[Json]:
    if not left_out:
        return []
    stands = "1 more entry stands" if left_out == 1 else f"{left_out} more entries stand"
    place: Inline = Link("on the dashboard", "/dashboard") if public_url else "in what I answer in a message"
    return small_blocks((f"Not everything has room here: {stands} ", place, "."), public_url)
