"""Replies as Slack shows them: as messages, as a person's App Home, and with the facts behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.platforms.fact_words import fact_value
from bot.slack.cards import Surface, block_blocks, head_blocks, small_blocks
from bot.slack.packing import Json, Piece, cut, pack, shortened, size
from bot.slack.rich_text import context, elements, escape, in_utc, lists, paragraphs, plain
from governance.facts import Fact, names_of_facts
from handlers.conversation.cards import Bold, Card, Inline, Link, Moment, Reply

SHOW_WORKING = "working"
"""The `action_id` of the button that opens `working_modal` for the message it stands in."""

_FEW = 5
_TITLE = "How this was worked out"


def working_blocks(facts: Sequence[Fact]) -> list[Json]:
    """What stands below an answer for the facts behind it; nothing if there are none."""
    if len(facts) > _FEW:
        label = plain(f"Show working ({len(facts)} facts)")
        return [{"type": "actions", "elements": [{"type": "button", "text": label, "action_id": SHOW_WORKING}]}]
    if not facts:
        return []
    together = _time_of_all(facts)
    heading: tuple[Inline, ...] = (f"{_TITLE}, as of ", Moment(together)) if together else (_TITLE,)
    named = zip(names_of_facts(facts), facts, strict=True)
    lines = [f"{_said(name, fact)} ({_source(fact)}{'' if together else _as_of(fact)})" for name, fact in named]
    return [*small_blocks(heading, None), *small_blocks(("\n".join(lines),), None)]


def working_modal(facts: Sequence[Fact]) -> Json:
    """All facts behind an answer, each with its source and time; without any, it says so."""
    items = [
        elements((Bold(_said(name, fact)), f"\n{_source(fact)}, as of ", Moment(fact.as_of)), None)
        for name, fact in zip(names_of_facts(facts), facts, strict=True)
    ]
    return {
        "type": "modal",
        "title": plain(_TITLE),
        "close": plain("Close"),
        "blocks": lists(items, numbered=False) or small_blocks(("No facts are kept for this answer.",), None),
    }


def _time_of_all(facts: Sequence[Fact]) -> datetime | None:
    times = {fact.as_of for fact in facts}
    return times.pop() if len(times) == 1 else None


def _as_of(fact: Fact) -> str:
    return f", as of {in_utc(fact.as_of)}"


def _said(name: str, fact: Fact) -> str:
    return f"{name}: {fact_value(fact.value)} {fact.unit}".rstrip()


def _source(fact: Fact) -> str:
    inputs = f", from {', '.join(fact.source.inputs)}" if fact.source.inputs else ""
    return f"{fact.source.kind}: {fact.source.detail}{inputs}"


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
