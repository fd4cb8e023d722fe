"""Shapes of Markdown, wikis and typed text: which parts they become, and on which line each stands."""

from __future__ import annotations

import pytest

from agents.planning.reading.markup import normalised
from agents.planning.reading.outline import outline


def headings(text: str) -> list[tuple[str, int]]:
    return [(heading.text, heading.line) for heading in outline(text).headings]


def passages(text: str) -> list[tuple[str, str, int]]:
    return [(p.kind, p.text, p.line) for p in outline(text).passages]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Stock take\n==========\n\nText.", [("Stock take", 1)]),
        ("Stock take\n----------\n\nText.", [("Stock take", 1)]),
        ("Intro.\n\nStock take\n~~~~~~~~~~\n\nText.", [("Stock take", 3)]),
        ("Stock take\n^^^^^^^^^^\n\nText.", [("Stock take", 1)]),
        ('Stock take\n""""""""""\n\nText.', [("Stock take", 1)]),
        ("Stock take\n**********\n\nText.", [("Stock take", 1)]),
        ("Stock take\n~~~~\n\nA rule much shorter than the line above it.", []),
        ("3.1 Wagons\n\n3.1.1 The system shall list wagons.", [("3.1 Wagons", 1)]),
        ("3 Wagons\n\nThe system shall list wagons.", [("3 Wagons", 1)]),
        ("1. Wagons\n2. Carts\n", []),
        ("3.1 The depot must list wagons\n\nText.", []),
        ("MUST HAVE\n\n- Show names\n", [("MUST HAVE", 1)]),
        ("OUT OF SCOPE:\n- Show names\n", [("OUT OF SCOPE:", 1)]),
        ("NASA ESA\nare two of them.", []),
        ("- Show names\nNot part of it:\n\n- Hide names\n", [("Not part of it:", 2)]),
        ("**What we need**\n\nText.", [("What we need", 1)]),
        ("```\n# no heading\n\nALSO NONE\n\n```\n", []),
    ],
)
def test_headings_of_many_shapes(text: str, expected: list[tuple[str, int]]):
    assert headings(text) == expected


@pytest.mark.parametrize("bullet", ["•", "◦", "▪", "–", "—", "✓", "☐", "►"])
def test_typed_bullets_are_items(bullet: str):
    text = f"Needs:\n\n{bullet} Show names\n{bullet} Hide names\n"
    assert passages(text)[1:] == [("item", "Show names", 3), ("item", "Hide names", 4)]


@pytest.mark.parametrize("marks", [("a)", "b)"), ("(a)", "(b)"), ("i.", "ii.")])
def test_lettered_lines_are_items_that_keep_their_letter(marks: tuple[str, str]):
    text = f"The clerk may\n\n{marks[0]} open the till\n{marks[1]} close the till\n"
    letters = [mark.strip("(). ") for mark in marks]
    assert passages(text)[1:] == [
        ("item", f"{letters[0]}) open the till", 3),
        ("item", f"{letters[1]}) close the till", 4),
    ]


def test_a_wiki_page_loses_its_macros_and_keeps_its_boxes():
    text = (
        "{toc}\n\nh1\n\n{panel:title=Not this year|borderStyle=solid}\n- Print labels\n{panel}\n\n"
        "{info}\nThe gate must ring. {status:colour=Green|title=AGREED}\n{info}\n\nAfter it.\n"
    )
    found = {p.text: (p.panel, p.line) for p in outline(text).passages}
    assert found["Print labels"] == ("panel Not this year", 6)
    assert found["The gate must ring. AGREED"] == ("info", 10)
    assert found["After it."] == ("", 13)
    assert "{" not in " ".join(found)


def test_the_innermost_box_counts():
    text = "{panel:title=Outer}\nOne.\n\n{note}\nTwo.\n{note}\n\nThree.\n{panel}\n"
    assert [p.panel for p in outline(text).passages] == ["panel Outer", "note", "panel Outer"]


def test_fenced_code_stays_as_it_is():
    text = "~~~\n• no item\n{toc}\nALL CAPS\n~~~\n"
    assert normalised("```\n• no item\n```").lines == ("```", "• no item", "```")
    assert [(p.kind, p.lines[0]) for p in outline(text).passages] == [("code", "• no item")]


@pytest.mark.parametrize(
    "text",
    [
        "TITLE\n\n{toc}\n• One\n  ◦ Two\n\nName\n^^^^\n\n3.1 Wagons\n\na) first\n\n"
        "[[_TOC_]]\n::: note\nWords\n:::\n",
        "{panel:title=Open\nno end\n\n{code}\nx\n",
        "\n\n\n",
        "",
    ],
)
def test_the_number_of_lines_stays(text: str):
    assert len(normalised(text).lines) == len(text.split("\n"))


def test_every_passage_stands_on_the_line_of_its_source():
    text = (
        "---\ntitle: Kiosk\nowner: Ada\n---\n\nAIMS\n\nWaxwing one.\n\n- Waxwing two\n  continued\n"
        "  - Waxwing three\n\n> Waxwing four.\n\n| A | B |\n|---|---|\n| Waxwing five | x |\n\n"
        "<ul>\n<li>Waxwing six</li>\n</ul>\n\n{info}\nWaxwing seven.\n{info}\n\n```\nWaxwing eight\n```\n"
        "\nID   Text\n---- -------------\nA1   Waxwing nine\n\n<!-- Waxwing ten -->\n"
    )
    source = text.split("\n")
    found = [p for p in outline(text).passages if "Waxwing" in p.text]
    numbers = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    assert [p.text.split("Waxwing ")[1].split()[0].strip(".") for p in found] == numbers
    assert all("Waxwing" in source[p.line - 1] for p in found)


def test_front_matter_is_metadata_and_the_title():
    taken = outline("---\ntitle: Kiosk\nowner: Ada\n---\n\nText.\n")
    assert (taken.title, taken.meta_value("owner")) == ("Kiosk", "Ada")
    assert [(p.text, p.line) for p in taken.passages] == [("Text.", 6)]


def test_a_line_that_introduces_a_list_says_what_the_list_is_for():
    taken = outline("## Requirements\n\n- Show names\n\nNot part of it:\n\n- Print names\n  - in colour\n")
    assert {p.text: p.role for p in taken.passages} == {
        "Show names": "requirements",
        "Not part of it:": "requirements",
        "Print names": "out_of_scope",
        "in colour": "out_of_scope",
    }


def test_what_is_struck_out_is_marked_and_what_is_partly_struck_out_is_left_out():
    taken = outline("- ~~Print names~~\n- Show ~~all~~ names\n- <del>Hide names</del>\n")
    assert [(p.text, p.struck) for p in taken.passages] == [
        ("Print names", True),
        ("Show names", False),
        ("Hide names", True),
    ]
