"""A card's blocks as Adaptive Card elements, none too large to stand in a card of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from bot.teams.card_buttons import action_sets
from bot.teams.card_table import tables
from bot.teams.links import file_address
from bot.teams.runs import SMALL, Element, Look, Run, Spacing, paragraphs, runs_of
from bot.teams.sizes import ELEMENT, grouped
from handlers.conversation.cards import (
    Block,
    Bullets,
    Buttons,
    Chart,
    Fields,
    File,
    Progress,
    Quote,
    Rating,
    Small,
    Table,
    Text,
)

_BESIDE = 60
"""Characters of a field's name and value that have room beside another field."""

_STATES: dict[str, tuple[str, Literal["Default", "Accent", "Good", "Attention"]]] = {
    "done": ("Done", "Good"),
    "doing": ("In progress", "Accent"),
    "waiting": ("Waiting", "Default"),
    "failed": ("Failed", "Attention"),
    "skipped": ("Skipped", "Default"),
}


def elements(block: Block, public_url: str | None) -> list[Element]:
    """What shows `block`. `public_url` is where people reach the dashboard; without it nothing leads there."""
    match block:
        case Text():
            return paragraphs(runs_of(block.parts, public_url), spacing="Medium")
        case Small():
            return paragraphs(runs_of(block.parts, public_url), SMALL, "Medium")
        case Fields():
            return _fields(block.pairs)
        case Bullets():
            return _bullets(block, public_url)
        case Table():
            return tables(block)
        case Progress():
            return _progress(block)
        case Chart():
            return _chart(block, public_url)
        case File():
            return _file(block, public_url)
        case Quote():
            return _quote(block)
        case Buttons():
            return action_sets(block)
        case Rating():
            return action_sets(Buttons((block.useful, block.not_useful)))


def _fields(pairs: Iterable[tuple[str, str]]) -> list[Element]:
    shown: list[Element] = []
    waiting: list[Element] = []
    for name, value in pairs:
        field = _field(name, value)
        if max(len(name), len(value)) > _BESIDE:
            shown += _beside(waiting) + field
            waiting = []
            continue
        waiting.append({"type": "Column", "width": "stretch", "items": field})
        if len(waiting) == 2:
            shown += _beside(waiting)
            waiting = []
    shown += _beside(waiting)
    return [shown[0] | {"spacing": "Medium"}, *shown[1:]] if shown else []


def _field(name: str, value: str) -> list[Element]:
    return paragraphs((Run(name),), SMALL, "Small") + paragraphs((Run(value, bold=True),), spacing="None")


def _beside(columns: list[Element]) -> list[Element]:
    if not columns:
        return []
    empty: Element = {"type": "Column", "width": "stretch", "items": []}
    both = columns if len(columns) == 2 else [*columns, empty]
    return [{"type": "ColumnSet", "spacing": "Small", "columns": both}]


def _bullets(block: Bullets, public_url: str | None) -> list[Element]:
    shown: list[Element] = []
    for number, item in enumerate(block.items, 1):
        mark = Run(f"{number}. " if block.numbered else "• ")
        spacing: Spacing = "Small" if shown else "Default"
        shown += paragraphs((mark, *runs_of(item, public_url)), spacing=spacing)
    return shown


def _progress(block: Progress) -> list[Element]:
    shown: list[Element] = []
    for state, step in block.steps:
        words, color = _STATES[state]
        runs = (Run(f"{words}: ", bold=True, color=color), Run(step))
        shown += paragraphs(runs, spacing="Small" if shown else "Default")
    return shown


def _chart(block: Chart, public_url: str | None) -> list[Element]:
    """Pictures are for those who may see them, and Teams fetches pictures without saying for whom."""
    page = file_address(block.file, public_url)
    opened = paragraphs((Run("Open the chart", url=page),), spacing="Small") if page else []
    return [
        *paragraphs((Run(block.summary),), spacing="Medium"),
        *paragraphs((Run(f"Chart: {block.alt}"),), SMALL, "Small"),
        *opened,
    ]


def _file(block: File, public_url: str | None) -> list[Element]:
    page = file_address(block.file, public_url)
    description = (Run(f": {block.description}"),) if block.description else ()
    return paragraphs((Run(block.name, bold=page is None, url=page), *description), spacing="Medium")


def _quote(block: Quote) -> list[Element]:
    said = paragraphs((Run(block.text),), Look(italic=True))
    by = paragraphs((Run(block.source),), SMALL, "Small")
    return [
        {"type": "Container", "style": "emphasis", "spacing": "Medium", "items": items}
        for items in grouped([*said, *by], 2 * ELEMENT)
    ]
