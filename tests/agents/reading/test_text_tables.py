"""Tables that Pandoc writes in plain text: columns, cells over several lines, and the line of each row."""

from __future__ import annotations

import pytest

from agents.planning.reading.outline import Passage, outline
from agents.planning.reading.pandoc_tables import text_tables

SIMPLE = """\
Before it.

  ID     Requirement              Rank
-------  -----------------------  ------
  B-1    Weigh each parcel.       Must
  B-2    Print a label.           Could

Table: What the counter does
"""
MULTILINE = """\
---------------------------------------
 ID     Requirement           Rank
------- --------------------- ---------
 B-1    Weigh each parcel
        before it is paid.    Must

 B-2    Print a label.        Could
---------------------------------------
"""
GRID = """\
+------+-----------------------+--------+
| ID   | Requirement           | Rank   |
+======+=======================+========+
| B-1  | Weigh each parcel     | Must   |
|      | before it is paid.    |        |
+------+-----------------------+--------+
| B-2  | Print a label.        | Could  |
+------+-----------------------+--------+
"""


def rows(text: str) -> list[Passage]:
    return [p for p in outline(text).passages if p.kind == "row"]


@pytest.mark.parametrize(
    ("text", "lines", "first"),
    [
        (SIMPLE, [5, 6], "Weigh each parcel."),
        (MULTILINE, [4, 7], "Weigh each parcel before it is paid."),
        (GRID, [4, 7], "Weigh each parcel before it is paid."),
    ],
)
def test_cells_stand_under_their_columns(text: str, lines: list[int], first: str):
    found = rows(text)
    assert [row.cells for row in found] == [
        (("ID", "B-1"), ("Requirement", first), ("Rank", "Must")),
        (("ID", "B-2"), ("Requirement", "Print a label."), ("Rank", "Could")),
    ]
    assert [row.line for row in found] == lines


@pytest.mark.parametrize("text", [SIMPLE, MULTILINE, GRID])
def test_nothing_of_a_table_is_a_paragraph(text: str):
    rest = [p.text for p in outline(text).passages if p.kind != "row"]
    assert rest == (["Before it."] if text == SIMPLE else [])


def test_a_grid_without_a_head_has_no_columns():
    text = "+-----+------+\n| One | Two  |\n+-----+------+\n| Six | Nine |\n+-----+------+\n"
    assert [row.cells for row in rows(text)] == [(("", "One"), ("", "Two")), (("", "Six"), ("", "Nine"))]


@pytest.mark.parametrize(
    "text",
    [
        "A line\n------\n\nText under a heading.",
        "------------\nA rule above, and none below.\n",
        "---\nowner: Ada\n---\n",
        "Not a table\n--- ---\n",
        "+---+---+\n",
        "+---+---+\n| a |\n",
    ],
)
def test_what_only_looks_like_a_table_is_none(text: str):
    assert list(text_tables(text.split("\n"))) == []


def test_ragged_rows_lose_no_word():
    text = "ID   Text\n---- ------\nA1   A cell that runs on beyond its dashes\nA2\n"
    found = rows(text)
    assert found[0].cells == (("ID", "A1"), ("Text", "A cell that runs on beyond its dashes"))
    assert found[1].cells == (("ID", "A2"), ("Text", ""))
