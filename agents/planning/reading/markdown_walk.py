"""Markdown, with the HTML and the text tables in it, as the parts of a document."""

from __future__ import annotations

import re
from dataclasses import replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

from agents.planning.reading.html_walk import walk_html
from agents.planning.reading.markup import Panel, normalised
from agents.planning.reading.pandoc_tables import TextTable, is_caption, text_tables
from agents.planning.reading.walk import Walk

_HTML_DOCUMENT = re.compile(
    r"^\s*(?:<!doctype html|<\?xml|<(?:html|body|head|h[1-6]|div|p|table|ul|ol|article|section|main)\b)",
    re.IGNORECASE,
)
_PLACE = "\ue000"
"""Stands before the number of a table that was taken out; no document has it (see `integrations/documents`)."""


def walked(text: str) -> Walk:
    """The walk over a whole text. Text that begins as HTML is read as HTML to its end."""
    walk = Walk()
    if _HTML_DOCUMENT.match(text):
        walk_html(text, 1, walk)
        return walk
    shaped = normalised(text.replace(_PLACE, ""))
    tables = tuple(text_tables(shaped.lines))
    lines = list(shaped.lines)
    for number, table in enumerate(tables):
        for index in range(table.first, table.last + 1):
            lines[index] = ""
        lines[table.first] = f"{_PLACE}{number}"
        _drop_caption(lines, table)
    _MarkdownWalk(walk, tables).take("\n".join(lines))
    walk.passages[:] = [replace(p, panel=_panel(shaped.panels, p.line)) for p in walk.passages]
    return walk


def _drop_caption(lines: list[str], table: TextTable) -> None:
    for index in (table.first - 1, table.first - 2, table.last + 1, table.last + 2):
        if 0 <= index < len(lines) and is_caption(lines[index]):
            lines[index] = ""


def _panel(panels: tuple[Panel, ...], line: int) -> str:
    around = [panel for panel in panels if panel.first < line < panel.last]
    innermost = max(around, key=lambda panel: panel.first, default=None)
    return f"{innermost.kind} {innermost.title}".strip() if innermost else ""


class _MarkdownWalk:
    """Goes through the tokens once."""

    def __init__(self, walk: Walk, tables: tuple[TextTable, ...]) -> None:
        self._walk = walk
        self._tables = tables
        self._cells: list[str] = []
        self._row_line = 0
        self._in_head = False

    def take(self, text: str) -> None:
        """Take in a Markdown text."""
        parser = MarkdownIt("commonmark", {"maxNesting": 60}).enable(["table", "strikethrough"]).disable("code")
        tokens = parser.parse(text)
        for index, token in enumerate(tokens):
            self._see(token, tokens[index + 1] if index + 1 < len(tokens) else token)

    def _see(self, token: Token, following: Token) -> None:
        match token.type:
            case "heading_open":
                self._walk.heading(" ".join(_plain(following)), int(token.tag[1]), _line(token))
            case "list_item_open":
                self._walk.open_item()
            case "list_item_close":
                self._walk.close_item()
            case "blockquote_open" | "blockquote_close":
                self._walk.quoted += 1 if token.type == "blockquote_open" else -1
            case "paragraph_open":
                self._paragraph(following, _line(token))
            case "thead_open" | "thead_close":
                self._in_head = token.type == "thead_open"
            case "tr_open":
                self._cells, self._row_line = [], _line(token)
            case "td_open" | "th_open":
                self._cells.append(" ".join(_plain(following)) if following.type == "inline" else "")
            case "tr_close" if self._in_head:
                self._walk.columns(self._cells)
            case "tr_close":
                self._walk.row(self._cells, self._row_line)
            case "fence":
                self._walk.verbatim("code", token.content.rstrip("\n").split("\n"), _line(token) + 1)
            case "html_block":
                walk_html(token.content, _line(token), self._walk)

    def _paragraph(self, inline: Token, line: int) -> None:
        if inline.content.startswith(_PLACE):
            self._table(self._tables[int(inline.content.split("\n")[0].removeprefix(_PLACE))])
            return
        lines, struck = _plain(inline), False
        if not re.search(r"[^\W_]", re.sub(r"\[[ xX]\]", "", "".join(lines))):
            lines, struck = _plain(inline, struck=True), True
        self._walk.paragraph(lines, line, _strong(inline), struck=struck, linked=_is_link(inline))

    def _table(self, table: TextTable) -> None:
        self._walk.columns(table.columns)
        for row in table.rows:
            self._walk.row(row.cells, row.line + 1)


def _line(token: Token) -> int:
    return (token.map[0] if token.map else 0) + 1


def _plain(inline: Token, *, struck: bool = False) -> list[str]:
    """The words of an inline token, one string a source line, without emphasis, link targets and images.

    What is struck out is left out, or is all that is given.
    """
    lines = [""]
    inside = 0
    for child in inline.children or ():
        if child.type in ("s_open", "s_close"):
            inside += 1 if child.type == "s_open" else -1
        elif child.type == "html_inline":
            inside += _strikes(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            lines.append("")
        elif child.type in ("text", "code_inline") and bool(inside) is struck:
            lines[-1] += child.content
    return [re.sub(r"\s+", " ", line).strip() for line in lines]


def _strikes(tag: str) -> int:
    found = re.match(r"<(/?)(?:del|s|strike)\s*>", tag, re.IGNORECASE)
    return 0 if found is None else -1 if found[1] else 1


def _strong(inline: Token) -> str:
    """The bold words with which it begins, or empty."""
    children = [c for c in inline.children or () if not (c.type == "text" and not c.content.strip())]
    if not children or children[0].type != "strong_open":
        return ""
    words = []
    for child in children[1:]:
        if child.type == "strong_close":
            break
        words.append(child.content)
    return "".join(words)


def _is_link(inline: Token) -> bool:
    """Whether it is nothing but links, as the lines of a table of contents are."""
    inside, words = 0, ""
    for child in inline.children or ():
        if child.type in ("link_open", "link_close"):
            inside += 1 if child.type == "link_open" else -1
        elif not inside:
            words += child.content
    return "link_open" in {child.type for child in inline.children or ()} and not re.search(r"\w", words)
