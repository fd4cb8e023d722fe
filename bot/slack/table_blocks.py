"""Tables: as table blocks where they have room in one, row by row as a list where they have not."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack.limits import TABLE_COLUMNS, TABLE_ROWS, Json, grouped, size
from bot.slack.rich_text import elements, lists, paragraphs
from handlers.conversation.cards import Bold, Inline, Table

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
