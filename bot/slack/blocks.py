"""Replies as Slack messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.slack.card_blocks import Surface, block_blocks, head_blocks
from bot.slack.limits import Json, cut, shortened
from bot.slack.packing import Piece, pack
from bot.slack.rich_text import elements, paragraphs
from bot.slack.texts import context, escape, plain
from bot.slack.working import working_blocks
from handlers.conversation.cards import Card, Reply

_FALLBACK = 3_500
"""Characters of a message's text. `chat.update` takes 4000."""

_NAME = 60


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """One message. `text` says the same without the blocks: for notifications and screen readers."""

    text: str
    blocks: tuple[dict[str, Any], ...]


def render(reply: Reply, *, public_url: str | None, images: Mapping[str, str]) -> tuple[SlackMessage, ...]:
    """A reply as messages, in the order in which they are posted: several if one has no room for it.

    `public_url` is where people reach the dashboard, if they do. `images` are the charts that are at
    Slack already: its file id by ours (`Chart.file`). Nothing in the reply is left out or cut short:
    what is shortened (a label, a title, the text without blocks) stands whole in the blocks beside it.
    Texts are given as data wherever Slack takes them so; the `text` is markup and escaped.
    """
    surface = Surface(public_url, images)
    messages = pack(_pieces(reply, surface))
    return tuple(
        SlackMessage(
            _fallback(reply.text, _place(at, len(messages))),
            (*_continued(message, at, len(messages)), *(piece.block for piece in message)),
        )
        for at, message in enumerate(messages, 1)
    )


def card_pieces(card: Card, surface: Surface) -> Iterator[Piece]:
    """A card's blocks in order."""
    for made in head_blocks(card):
        yield Piece(made, card.title, leads=True)
    for block in card.blocks:
        for made in block_blocks(block, surface):
            yield Piece(made, card.title)


def text_blocks(text: str) -> list[Json]:
    """A reply's text where no card says it."""
    return paragraphs(elements((text,), None))


def with_action_ids(blocks: Sequence[Json]) -> list[Json]:
    """The blocks, with an `action_id` in each button that has none: `press:1` and so on."""
    numbered: list[Json] = []
    count = 0
    for block in blocks:
        if block["type"] == "actions":
            presses = [
                element if "action_id" in element else {**element, "action_id": f"press:{count + at}"}
                for at, element in enumerate(block["elements"], 1)
            ]
            count += len(presses)
            block = {**block, "elements": presses}
        numbered.append(block)
    return numbered


def _pieces(reply: Reply, surface: Surface) -> list[Piece]:
    says_text = not reply.cards or len(escape(reply.text)) > _FALLBACK
    pieces = [
        *(Piece(block, "") for block in (text_blocks(reply.text) if says_text else ())),
        *(piece for card in reply.cards for piece in card_pieces(card, surface)),
        *(Piece(block, "") for block in working_blocks(reply.facts)),
    ]
    blocks = with_action_ids([piece.block for piece in pieces])
    return [replace(piece, block=block) for piece, block in zip(pieces, blocks, strict=True)]


def _place(at: int, of: int) -> str:
    return f"({at} of {of})" if of > 1 else ""


def _continued(message: Sequence[Piece], at: int, of: int) -> list[Json]:
    """Which of several messages this is, and of which card if it begins within one."""
    if at == 1:
        return []
    name = "" if message[0].leads else shortened(message[0].card, _NAME)
    return [context(plain(f"{name} {_place(at, of)}".lstrip()))]


def _fallback(text: str, place: str) -> str:
    head, rest = cut(text, _FALLBACK, lambda said: len(escape(said)))
    return f"{place} {escape(head)}{'…' if rest else ''}".lstrip()
