"""Tables as Pandoc writes them in plain text: simple, multiline and grid.

See Pandoc's manual, *Tables*. CommonMark takes all three for paragraphs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_RULES = re.compile(r"^\s*-{2,}(?:\s+-{2,})+\s*$")
_FULL_RULE = re.compile(r"^\s*-{12,}\s*$")
_GRID = re.compile(r"^\s*\+(?:[-=:]{2,}\+)+\s*$")
_CAPTION = re.compile(r"^\s*(?:Table)?:\s+\S")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row; `line` is that on which it begins, counted from 0."""

    cells: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table on the lines `first` to `last`, counted from 0. Without a head `columns` is empty."""

    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]
    first: int
    last: int


def text_tables(lines: Sequence[str]) -> Iterator[TextTable]:
    """Every such table, in order."""
    index = 0
    while index < len(lines):
        table = _grid(lines, index) or _multiline(lines, index) or _simple(lines, index)
        if table is None:
            index += 1
            continue
        yield table
        index = table.last + 1


def _grid(lines: Sequence[str], start: int) -> TextTable | None:
    if not _GRID.match(lines[start]):
        return None
    end = start
    while end + 1 < len(lines) and lines[end + 1].lstrip()[:1] in ("|", "+"):
        end += 1
    edges = [found.start() for found in re.finditer(r"\+", lines[start])]
    rows: list[TableRow] = []
    head, begins = 0, start + 1
    for index in range(start + 1, end + 1):
        if _GRID.match(lines[index]):
            block = lines[begins:index]
            if block:
                rows.append(TableRow(_cells(block, edges, shift=1), begins))
            head = len(rows) if "=" in lines[index] else head
            begins = index + 1
    return _table(rows, head, start, end)


def _multiline(lines: Sequence[str], start: int) -> TextTable | None:
    if not _FULL_RULE.match(lines[start]):
        return None
    rule = next((i for i in range(start + 1, min(start + 7, len(lines))) if _RULES.match(lines[i])), None)
    if rule is None or any(not lines[i].strip() for i in range(start + 1, rule)):
        return None
    end = next((i for i in range(rule + 1, len(lines)) if _FULL_RULE.match(lines[i])), None)
    if end is None:
        return None
    edges = _edges(lines[rule])
    rows = [TableRow(_cells(lines[start + 1 : rule], edges), start + 1)] if rule > start + 1 else []
    head = len(rows)
    begins: int | None = None
    for index in range(rule + 1, end + 1):
        if index < end and lines[index].strip():
            begins = index if begins is None else begins
        elif begins is not None:
            rows.append(TableRow(_cells(lines[begins:index], edges), begins))
            begins = None
    return _table(rows, head, start, end)


def _simple(lines: Sequence[str], start: int) -> TextTable | None:
    """A head over a row of dashes, then a line a row, up to an empty line."""
    if start + 1 >= len(lines) or not _RULES.match(lines[start + 1]) or not lines[start].strip():
        return None
    edges = _edges(lines[start + 1])
    end = start + 1
    while end + 1 < len(lines) and lines[end + 1].strip():
        end += 1
    rows = [TableRow(_cells([lines[start]], edges), start)]
    rows += [
        TableRow(_cells([lines[i]], edges), i) for i in range(start + 2, end + 1) if not _RULES.match(lines[i])
    ]
    return _table(rows, 1, start, end)


def _table(rows: list[TableRow], head: int, first: int, last: int) -> TextTable | None:
    if len(rows) <= head:
        return None
    columns = rows[head - 1].cells if head else ()
    return TextTable(columns, tuple(rows[head:]), first, last)


def _edges(rule: str) -> list[int]:
    return [found.start() for found in re.finditer(r"-+", rule)]


def _cells(block: Sequence[str], edges: Sequence[int], shift: int = 0) -> tuple[str, ...]:
    """The columns' text over several lines. `shift` skips a grid's border."""
    found: list[str] = []
    last = len(edges) - (1 if shift else 0)
    for column in range(last):
        begins = 0 if column == 0 and not shift else edges[column] + shift
        ends = edges[column + 1] if column + 1 < len(edges) else None
        pieces = (line[begins:ends].strip() for line in block)
        found.append(" ".join(piece for piece in pieces if piece))
    return tuple(found)


def is_caption(line: str) -> bool:
    """Whether a line beside a table is its caption (`Table: Sensors`)."""
    return _CAPTION.match(line) is not None
