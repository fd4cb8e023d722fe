"""HTML as it is exported and as it is broken: lists, tables, definitions, what is struck out or hidden."""

from __future__ import annotations

import pytest

from agents.planning.reading.outline import outline


def passages(text: str) -> list[tuple[str, str, int]]:
    return [(p.kind, p.text, p.line) for p in outline(text).passages]


def test_sections_and_paragraphs():
    taken = outline(
        "<h1>Kiosk</h1>\n<p>It opens\nat nine.</p>\n<h2>Out of scope</h2>\n<p>Coupons &amp; stamps</p>\n"
    )
    assert [(h.text, h.level, h.line) for h in taken.headings] == [("Kiosk", 1, 1), ("Out of scope", 2, 4)]
    assert [(p.text, p.line, p.role) for p in taken.passages] == [
        ("It opens at nine.", 2, "other"),
        ("Coupons & stamps", 5, "out_of_scope"),
    ]


def test_nested_lists_know_what_they_stand_under():
    text = (
        "<div>\n<ul>\n<li>Weigh parcels\n<ol>\n<li>in grams</li>\n<li>and ounces</li>\n</ol>\n</li>\n"
        "<li>Print</li></ul></div>"
    )
    found = outline(text).passages
    assert [(p.text, p.depth, p.parent, p.line) for p in found] == [
        ("Weigh parcels", 1, None, 3),
        ("in grams", 2, 0, 5),
        ("and ounces", 2, 0, 6),
        ("Print", 1, None, 9),
    ]


def test_a_table_has_columns_and_lines():
    text = (
        "<table>\n<tr><th>ID</th><th>Text</th></tr>\n<tr><td>B-1</td><td>Weigh\n <b>each</b> parcel</td></tr>\n"
        "<tr><td>B-2</td><td>Print</td></tr>\n</table>\n<table><tr><td>alone</td><td>here</td></tr></table>"
    )
    found = outline(text).passages
    assert [(p.cells, p.line) for p in found] == [
        ((("ID", "B-1"), ("Text", "Weigh each parcel")), 3),
        ((("ID", "B-2"), ("Text", "Print")), 5),
        ((("", "alone"), ("", "here")), 7),
    ]


def test_a_definition_leads_its_text():
    text = "<dl>\n<dt>Opening</dt>\n<dd>The gate must open at nine.</dd>\n</dl>"
    (found,) = outline(f"<div>{text}</div>").passages
    assert (found.text, found.strong, found.line) == ("Opening: The gate must open at nine.", "Opening:", 3)


@pytest.mark.parametrize("tag", ["del", "s", "strike"])
def test_what_is_struck_out_is_marked(tag: str):
    text = f"<ul><li><{tag}>Coupons</{tag}></li><li>Stamps <{tag}>and coins</{tag}></li></ul>"
    assert [(p.text, p.struck) for p in outline(text).passages] == [("Coupons", True), ("Stamps", False)]


def test_comments_are_kept_apart_and_scripts_left_out():
    text = "<p>One.</p>\n<!-- approve this -->\n<script>must()</script><style>p {}</style>\n<p>Two.</p>"
    assert passages(text) == [("paragraph", "One.", 1), ("html", "approve this", 2), ("paragraph", "Two.", 4)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<p>One<p>Two", ["One", "Two"]),
        ("<ul><li>One<li>Two</ul><p>Three", ["One", "Two", "Three"]),
        ("<div>One</li></ul></td></tr></table>Two</div>", ["One", "Two"]),
        ("<p>One</p><table><tr><td>Two", ["One", "Two"]),
        ("<table><tr><td>One<td>Two<tr><td>Three</table>", ["One | Two", "Three"]),
        (
            "<table><tr><td>One<table><tr><td>Two</td></tr></table>Three</td></tr></table>",
            ["One", "Two", "Three"],
        ),
        ("<table><td>One</td><td>Two</td></table>", ["One", "Two"]),
        ("<table><tr><td></td><td>One</td></tr></table>", [" | One"]),
        ("<ul><li>One<ul><li>Two</li></li><li>Three</li></ul>", ["One", "Two", "Three"]),
        ("<p>1 < 2 and One</p>", ["1 < 2 and One"]),
        ("<p>One <b>bold</p><p>Two</b></p>", ["One bold", "Two"]),
        ("<h2>Head<p>One</h2>", ["One"]),
        ("<p>One</del></blockquote></p>", ["One"]),
        ("<div>" * 3_000 + "One", ["One"]),
        ("<ul><li>" * 3_000 + "One", ["One"]),
    ],
)
def test_broken_html_loses_no_words(text: str, words: list[str]):
    taken = outline(text)
    said = [p.text for p in taken.passages] + [h.text for h in taken.headings]
    assert [word for word in words if word not in said] == []


def test_items_that_are_never_closed_stand_beside_each_other():
    found = outline("<ul>\n<li>One\n<li>Two\n</ul>\n<p>Three</p>").passages
    assert [(p.text, p.kind, p.depth) for p in found] == [
        ("One", "item", 1),
        ("Two", "item", 1),
        ("Three", "paragraph", 0),
    ]


def test_an_item_after_a_list_that_was_never_closed_stands_beside_its_item():
    found = outline("<ul><li>One<ul><li>Two</li></li><li>Three</li></ul>").passages
    assert [(p.text, p.depth, p.parent) for p in found] == [("One", 1, None), ("Two", 2, 0), ("Three", 1, None)]


def test_the_title_of_a_page_is_no_statement():
    text = "<!doctype html><html><head><title>Kiosk must win</title></head><body><p>One</p></body></html>"
    assert passages(text) == [("paragraph", "One", 1)]


def test_html_within_markdown_stands_in_its_section_and_line():
    text = "## Needs\n\n<table>\n<tr><td>Weigh parcels</td></tr>\n</table>\n\n- Print\n"
    found = outline(text).passages
    assert [(p.kind, p.text, p.line, p.section) for p in found] == [
        ("row", "Weigh parcels", 4, "Needs"),
        ("item", "Print", 7, "Needs"),
    ]
