"""A card's blocks as Adaptive Card elements, none too large to stand in a card of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, zip_longest
from typing import Literal

from bot.teams.packing import ELEMENT, cut, grouped, shortened, wire_size
from bot.teams.rich_text import SMALL, Element, Look, Run, Spacing, file_address, paragraphs, rich_text, runs_of
from handlers.conversation.cards import (
    Block,
    Bullets,
    Button,
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

_A_ROW = 6
"""Buttons that Teams shows before it hides the others behind a menu."""

_LABEL = 80
"""Characters of a label; one that is longer also stands in full above the buttons."""

_STYLES = {"primary": "positive", "danger": "destructive", "plain": "default"}


def action_sets(block: Buttons) -> list[Element]:
    """The buttons as elements, six a row; before them, in full, the labels that had to be shortened."""
    elements: list[Element] = []
    for button in block.buttons:
        if " ".join(button.label.split()) != (short := shortened(button.label, _LABEL)):
            elements += paragraphs((Run(f"{short} ", bold=True), Run(button.label)))
    return elements + [
        {"type": "ActionSet", "actions": [_action(button) for button in row]} for row in _rows(block.buttons)
    ]


def _rows(buttons: Iterable[Button]) -> Iterator[list[Button]]:
    left = iter(buttons)
    while row := list(islice(left, _A_ROW)):
        yield row


def _action(button: Button) -> Element:
    common = {"title": shortened(button.label, _LABEL)}
    if button.style != "plain":
        common["style"] = _STYLES[button.style]
    if button.form is not None:
        data = {"msteams": {"type": "task/fetch"}, "token": button.token}
        return {"type": "Action.Submit", **common, "data": data}
    submit = {"type": "Action.Submit", **common, "data": {"verb": "press", "token": button.token}}
    return {
        "type": "Action.Execute",
        **common,
        "verb": "press",
        "data": {"token": button.token},
        "fallback": submit,
    }


_COLUMNS = 3
"""Columns that are still readable side by side in a chat of 420 pixels. No client is asked how wide it is: an
older one would not say, and show both ways."""

_CELL = 400
"""Characters of JSON of a cell's text; what is longer goes on in the next row."""

_TABLE = 8_400
"""Characters of JSON of one table: two such fit into a card."""

_MARK = 8
"""Characters of a number or a key (`S12`): what it marks stands in the column after it."""

_REPEATED = 30
"""Characters of a heading where it is repeated; it stood in full above."""


def tables(block: Table) -> list[Element]:
    """The table as elements, in as many as its rows need."""
    width = max(len(block.columns), *(len(row) for row in block.rows), 0, 0)
    if width <= _COLUMNS:
        return list(_side_by_side(block, width))
    if not block.rows:
        return paragraphs((Run(", ".join(filter(str.strip, block.columns)), bold=True),), spacing="Medium")
    return list(_stacked(block, width))


def _stacked(block: Table, width: int) -> Iterator[Element]:
    """Each row as its name, and below that its other cells, each after its heading."""
    names = 2 if all(len(_at(row, 0)) <= _MARK for row in block.rows) else 1
    headings = filter(str.strip, block.columns[:names])
    yield from paragraphs((Run(", ".join(headings)),), SMALL, "Medium")
    rows = [_stacked_row(block.columns, row, names, width) for row in block.rows]
    for together in grouped(filter(None, rows), ELEMENT):
        items = [element for row in together for element in row]
        if wire_size(items) > ELEMENT:  # one row, that may be too long for a card
            yield from items
        else:
            yield {"type": "Container", "spacing": "Small", "items": items}


def _stacked_row(columns: Sequence[str], row: Sequence[str], names: int, width: int) -> list[Element]:
    told = [_told(_at(columns, index), _at(row, index)) for index in range(names, width)]
    return [
        *paragraphs((Run(" ".join(row[:names]), bold=True),)),
        *paragraphs((Run(" · ".join(filter(str.strip, told))),), SMALL, "None"),
    ]


def _told(heading: str, cell: str) -> str:
    return f"{heading}: {cell}" if heading.strip() and cell.strip() else cell


def _at(cells: Sequence[str], index: int) -> str:
    return cells[index] if index < len(cells) else ""


def _side_by_side(block: Table, width: int) -> Iterator[Element]:
    headings = _taken(block.columns, width)
    in_full = _table_rows(headings, bold=True) if block.columns else []
    repeated = _table_rows([shortened(heading, _REPEATED) for heading in headings], bold=True)[: len(in_full)]
    below = [row for cells in block.rows for row in _table_rows(_taken(cells, width), bold=False)]
    frame = _frame(block, width)
    shown, rows = in_full[:1], [*in_full[1:], *below]
    size = wire_size(frame | {"rows": shown})
    added = 0
    for row in rows:
        cost = wire_size(row) + 2
        if added and size + cost > _TABLE:
            yield frame | {"rows": shown}
            shown = repeated[:1]
            size, added = wire_size(frame | {"rows": shown}), 0
        shown.append(row)
        size, added = size + cost, added + 1
    if shown:
        yield frame | {"rows": shown}


def _taken(cells: Sequence[str], width: int) -> list[str]:
    return [_at(cells, index) for index in range(width)]


def _frame(block: Table, width: int) -> Element:
    right = {"horizontalCellContentAlignment": "Right"}
    columns = [
        {"width": _width(block, index)} | (right if block.align[index : index + 1] == "r" else {})
        for index in range(width)
    ]
    return {"type": "Table", "columns": columns, "firstRowAsHeaders": bool(block.columns)}


def _width(block: Table, index: int) -> int:
    """A column's share of the width: the length of its longest text, within reason."""
    cells = [row[index] for row in (block.columns, *block.rows) if index < len(row)]
    return min(max(4, *(len(cell) for cell in cells), 4), 40)


def _table_rows(cells: Sequence[str], *, bold: bool) -> list[Element]:
    """A row, and more rows below it where a cell's text is too long for one."""
    layers = zip_longest(*(cut(cell, _CELL) or [""] for cell in cells), fillvalue="")
    return [{"type": "TableRow", "cells": [_cell(text, bold=bold) for text in layer]} for layer in layers]


def _cell(text: str, *, bold: bool) -> Element:
    return {"type": "TableCell", "items": [rich_text([Run(text, bold=bold)])] if text.strip() else []}


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
