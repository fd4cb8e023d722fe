"""A card's tables, in as many tables as their rows and columns need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from bot.teams.runs import Element, Run, rich_text
from bot.teams.sizes import cut, shortened, wire_size
from handlers.conversation.cards import Table

_COLUMNS = 7
"""Columns that are still readable side by side in a chat."""

_CELL = 400
"""Characters of JSON of a cell's text; what is longer goes on in the next row."""

_TABLE = 8_400
"""Characters of JSON of one table: two such fit into a card."""

_REPEATED = 30
"""Characters of a heading where it is repeated; it stood in full above."""


def tables(block: Table) -> list[Element]:
    """The table as elements: its columns in groups that each begin with the first, its rows in runs."""
    width = max(len(block.columns), *(len(row) for row in block.rows), 0, 0)
    return [table for group in _groups(width) for table in _group_tables(block, group)]


def _groups(width: int) -> Iterator[tuple[int, ...]]:
    if width <= _COLUMNS:
        yield tuple(range(width))
        return
    for start in range(1, width, _COLUMNS - 1):
        yield (0, *range(start, min(start + _COLUMNS - 1, width)))


def _group_tables(block: Table, group: Sequence[int]) -> Iterator[Element]:
    headings = _taken(block.columns, group)
    in_full = _rows(headings, bold=True) if block.columns else []
    repeated = _rows([shortened(heading, _REPEATED) for heading in headings], bold=True)[: len(in_full)]
    below = [row for cells in block.rows for row in _rows(_taken(cells, group), bold=False)]
    frame = _table(block, group, [])
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


def _taken(cells: Sequence[str], group: Sequence[int]) -> list[str]:
    return [cells[index] if index < len(cells) else "" for index in group]


def _table(block: Table, group: Sequence[int], rows: list[Element]) -> Element:
    right = {"horizontalCellContentAlignment": "Right"}
    columns = [
        {"width": _width(block, index)} | (right if block.align[index : index + 1] == "r" else {})
        for index in group
    ]
    return {
        "type": "Table",
        "columns": columns,
        "firstRowAsHeaders": bool(block.columns),
        "rows": rows,
    }


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
