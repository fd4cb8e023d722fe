"""A card's tables: side by side while that is readable in a narrow chat, else one row below the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from bot.teams.runs import SMALL, Element, Run, paragraphs, rich_text
from bot.teams.sizes import ELEMENT, cut, grouped, shortened, wire_size
from handlers.conversation.cards import Table

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
        *paragraphs((Run(" · ".join(filter(None, told))),), SMALL, "None"),
    ]


def _told(heading: str, cell: str) -> str:
    return f"{heading}: {cell}" if heading.strip() and cell.strip() else cell


def _at(cells: Sequence[str], index: int) -> str:
    return cells[index] if index < len(cells) else ""


def _side_by_side(block: Table, width: int) -> Iterator[Element]:
    headings = _taken(block.columns, width)
    in_full = _rows(headings, bold=True) if block.columns else []
    repeated = _rows([shortened(heading, _REPEATED) for heading in headings], bold=True)[: len(in_full)]
    below = [row for cells in block.rows for row in _rows(_taken(cells, width), bold=False)]
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


def _rows(cells: Sequence[str], *, bold: bool) -> list[Element]:
    """A row, and more rows below it where a cell's text is too long for one."""
    layers = zip_longest(*(cut(cell, _CELL) or [""] for cell in cells), fillvalue="")
    return [{"type": "TableRow", "cells": [_cell(text, bold=bold) for text in layer]} for layer in layers]


def _cell(text: str, *, bold: bool) -> Element:
    return {"type": "TableCell", "items": [rich_text([Run(text, bold=bold)])] if text.strip() else []}
