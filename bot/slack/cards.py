"""From the neutral card model to Slack's blocks: one card, block by block.

A table is table blocks where it has room in one, and a list row by row where it has not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.platforms.links import file_target
from bot.slack.packing import (
    ACTIONS,
    ALT_TEXT,
    BLOCK_ROOM,
    BUTTON,
    FIELDS,
    HEADER,
    TABLE_COLUMNS,
    TABLE_ROWS,
    Json,
    grouped,
    length,
    pieces,
    shortened,
    size,
)
from bot.slack.rich_text import as_markup, context, elements, escape, lists, markup, paragraphs, plain, quotes
from handlers.conversation.cards import (
    Block,
    Bold,
    Bullets,
    Button,
    Buttons,
    Card,
    Chart,
    Fields,
    File,
    Inline,
    Link,
    Progress,
    Quote,
    Rating,
    Small,
    Table,
    Text,
)

_ROOM = 9_500
"""Bytes of JSON in a table's rows. Slack takes 10,000 characters in all cells of a message together."""


def table_blocks(table: Table) -> list[Json]:
    """The table in blocks of which a message takes one; its headings, and with many columns its first
    column, are repeated in each. A table with a row too large for a block is listed.
    """
    blocks: list[Json] = []
    for columns in _column_groups(len(table.columns)):
        heading = _row(table.columns, columns)
        room = _ROOM - size(heading)
        rows: list[Json] = [{"cells": _row(row, columns)} for row in table.rows]
        if any(size(row) > room for row in rows):
            return listed_rows(table)
        for group in grouped(rows, most=TABLE_ROWS - 1, room=room) or [[]]:
            blocks.append(
                {
                    "type": "table",
                    "rows": [heading, *(row["cells"] for row in group)],
                    "column_settings": [_settings(table.align[at : at + 1]) for at in columns],
                }
            )
    return blocks


def listed_rows(table: Table) -> list[Json]:
    """The table as a list with an item for each row, every cell under its heading."""
    if not table.rows:
        return paragraphs(elements((", ".join(table.columns),), None))
    return lists([elements(_item(table.columns, row), None) for row in table.rows], numbered=False)


def _item(columns: Sequence[str], row: Sequence[str]) -> list[Inline]:
    parts: list[Inline] = []
    for heading, cell in zip(columns, row, strict=True):
        parts += (" · " if parts else "", f"{heading}: " if heading else "", cell if parts else Bold(cell))
    return parts


def _column_groups(count: int) -> list[list[int]]:
    if count <= TABLE_COLUMNS:
        return [list(range(count))]
    # The first column says which row it is, and so begins every part.
    step = TABLE_COLUMNS - 1
    return [[0, *range(start, min(start + step, count))] for start in range(1, count, step)]


def _row(cells: Sequence[str], columns: Sequence[int]) -> list[Json]:
    # Slack refuses an empty cell.
    return [{"type": "raw_text", "text": cells[at] or " "} for at in columns]


def _settings(letter: str) -> Json:
    return {"align": "right" if letter == "r" else "left", "is_wrapped": True}


_TONES = {"good": "✅ Done", "warning": "⚠️ Attention", "bad": "❌ Problem", "waiting": "⏳ Waiting"}
_STATES = {
    "done": ("✅", "Done"),
    "doing": ("🔄", "In progress"),
    "waiting": ("⏳", "Waiting"),
    "failed": ("❌", "Failed"),
    "skipped": ("⏭️", "Skipped"),
}
_LONG_FIELD = 600
"""Bytes of JSON: what is longer has no room in half a row."""


@dataclass(frozen=True, slots=True)
class Surface:
    """Where a card is shown. `public_url` is where people reach the dashboard, if they do.

    `images` are the pictures that are already at Slack, by their file's id here. Only a message takes
    table blocks and thumbs.
    """

    public_url: str | None
    images: Mapping[str, str] = field(default_factory=dict)
    is_message: bool = True


def heading_blocks(title: str) -> list[Json]:
    """A title as a header, and whole in bold below it if it had to be shortened there."""
    header = {"type": "header", "text": plain(shortened(title, HEADER))}
    return [header, *(paragraphs(elements((Bold(title),), None)) if length(title) > HEADER else ())]


def head_blocks(card: Card) -> list[Json]:
    """A card's title, and its tone in words."""
    tone = _TONES.get(card.tone)
    return [*heading_blocks(card.title), *([context(plain(tone))] if tone else ())]


def block_blocks(block: Block, surface: Surface) -> list[Json]:
    """One block of a card as Slack's; none if it says nothing."""
    match block:
        case Text():
            return paragraphs(elements(block.parts, surface.public_url))
        case Fields():
            return _fields(block.pairs)
        case Bullets():
            items = [elements(item, surface.public_url) for item in block.items]
            return lists(items, numbered=block.numbered)
        case Table():
            return table_blocks(block) if surface.is_message else listed_rows(block)
        case Progress():
            return _progress(block)
        case Chart():
            return _chart(block, surface)
        case File():
            return _file(block, surface)
        case Small():
            return small_blocks(block.parts, surface.public_url)
        case Quote():
            return [*quotes(block.text), *small_blocks((f"— {block.source}",) if block.source else (), None)]
        case Buttons():
            return _buttons(block.buttons)
        case Rating():
            return [_rating(block)] if surface.is_message else _buttons((block.useful, block.not_useful))


def small_blocks(parts: Sequence[Inline], public_url: str | None) -> list[Json]:
    """A line in small type; in the usual type if its markup could say more than was written."""
    if all(isinstance(part, str) for part in parts):
        return [context(plain(piece)) for piece in pieces("".join(map(str, parts)))]
    marked = as_markup(parts, public_url)
    if not marked or size(marked) > BLOCK_ROOM:
        return paragraphs(elements(parts, public_url))
    return [context(markup(marked))]


def _fields(pairs: Iterable[tuple[str, str]]) -> list[Json]:
    blocks: list[Json] = []
    short: list[tuple[str, str]] = []
    for name, value in pairs:
        if size(escape(f"{name}{value}")) <= _LONG_FIELD:
            short.append((name, value))
            continue
        blocks += [*_short_fields(short), *paragraphs(elements((Bold(name), "\n", value), None))]
        short = []
    return [*blocks, *_short_fields(short)]


def _short_fields(pairs: Sequence[tuple[str, str]]) -> list[Json]:
    marked = [as_markup((Bold(name), f"\n{value}"), None) for name, value in pairs]
    if None in marked:
        texts = [plain(f"{name}\n{value}") for name, value in pairs]
    else:
        texts = [markup(text) for text in marked if text is not None]
    groups = grouped(texts, most=FIELDS, room=BLOCK_ROOM)
    return [{"type": "section", "fields": group} for group in groups]


def _progress(block: Progress) -> list[Json]:
    items: list[list[Json]] = []
    for state, words in block.steps:
        symbol, said = _STATES[state]
        items.append(elements((f"{symbol} ", Bold(said), f": {words}"), None))
    return lists(items, numbered=False)


def _chart(block: Chart, surface: Surface) -> list[Json]:
    said = paragraphs(elements((block.summary,), None))
    uploaded = surface.images.get(block.file)
    if uploaded is None:
        address = file_target(block.file, surface.public_url)
        link: tuple[Inline, ...] = (Link("Open the chart", address),) if address else ()
        shows = small_blocks((f"The chart shows: {block.alt}",) if block.alt else (), None)
        return [*said, *shows, *small_blocks(link, surface.public_url)]
    image = {
        "type": "image",
        "slack_file": {"id": uploaded},
        "alt_text": shortened(block.alt or block.summary, ALT_TEXT),
    }
    whole = small_blocks((block.alt,), None) if length(block.alt) > ALT_TEXT else []
    return [image, *whole, *said]


def _file(block: File, surface: Surface) -> list[Json]:
    address = file_target(block.file, surface.public_url)
    name = Link(block.name, address) if address else Bold(block.name)
    described = f": {block.description}" if block.description else ""
    return paragraphs(elements(("📄 ", name, described), surface.public_url))


def _buttons(buttons: Sequence[Button]) -> list[Json]:
    long = [elements((button.label,), None) for button in buttons if length(button.label) > BUTTON]
    rows = grouped(map(_button, buttons), most=ACTIONS, room=2 * BLOCK_ROOM)
    return [*lists(long, numbered=False), *({"type": "actions", "elements": row} for row in rows)]


def _rating(rating: Rating) -> Json:
    """Slack's own small thumbs: https://docs.slack.dev/reference/block-kit/block-elements/feedback-buttons-element."""
    sides = {"positive_button": ("👍", rating.useful), "negative_button": ("👎", rating.not_useful)}
    element: Json = {"type": "feedback_buttons", "action_id": "rating"}
    for side, (thumb, button) in sides.items():
        element[side] = {"text": plain(thumb), "accessibility_label": button.label, "value": button.token}
    return {"type": "context_actions", "elements": [element]}


def _button(button: Button) -> Json:
    made: Json = {
        "type": "button",
        "text": plain(shortened(button.label, BUTTON)),
        "value": button.token,
    }
    return made if button.style == "plain" else {**made, "style": button.style}
