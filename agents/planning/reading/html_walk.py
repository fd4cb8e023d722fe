"""HTML as the parts of a document: headings, paragraphs, lists, definition lists and tables."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from agents.planning.reading.walk import Walk

_BLOCKS = frozenset(
    ["p", "div", "section", "article", "main", "header", "footer", "aside", "figure", "figcaption", "caption",
     "dt", "dd", "address", "summary", "details", "body", "html", "center", "form", "fieldset", "legend", "hr"]
)  # fmt: skip
_HEADINGS = frozenset(f"h{level}" for level in range(1, 7))
_HIDDEN = frozenset(["script", "style", "template", "title", "noscript"])
_STRUCK = frozenset(["del", "s", "strike"])
_DEEPEST = 200
"""Lists nested deeper than this are read as if they stood at that depth."""


def walk_html(source: str, first_line: int, walk: Walk) -> None:
    """Take in HTML whose first line is `first_line` of the document. Broken HTML is read as it comes."""
    reader = _Reader(walk, first_line)
    reader.feed(source)
    reader.close()
    reader.finish()


class _Reader(HTMLParser):
    def __init__(self, walk: Walk, first_line: int) -> None:
        super().__init__(convert_charrefs=True)
        self._walk = walk
        self._shift = first_line - 1
        self._words: list[str] = []
        self._line = first_line
        self._strong = ""
        self._bold = self._struck = self._hidden = 0
        self._struck_words = ""
        self._heading = 0
        self._depth = 0
        self._lists: list[bool] = []  # of each open list, whether an item of it is open
        self._term = ""
        self._cells: list[str] | None = None
        self._row_line = 0
        self._is_head = self._in_cell = False
        self._waiting_head = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag in _HEADINGS:
            self._flush()
            self._heading = int(tag[1])
        elif tag in ("ul", "ol"):
            self._flush()
            self._lists.append(False)
        elif tag == "li":
            self._open_item()
        elif tag == "table":
            self._flush()
            self._walk.columns(())
            self._waiting_head = True
        elif tag == "tr":
            self._end_row()
            self._flush()
            self._cells, self._row_line, self._is_head = [], self.getpos()[0] + self._shift, True
        elif tag in ("td", "th"):
            self._end_cell()
            self._is_head = self._is_head and tag == "th"
            self._in_cell = True
        elif tag in _STRUCK:
            self._struck += 1
        elif tag in ("b", "strong"):
            self._bold += 1
        elif tag == "br":
            self._words.append("\n")
        elif tag == "blockquote":
            self._flush()
            self._walk.quoted += 1
        elif tag in _BLOCKS or tag == "dl":
            self._flush()

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in _HEADINGS:
            self._flush()
            self._heading = 0
        elif tag == "li":
            self._flush()
            while self._lists and not self._lists[-1]:  # lists in it that were not closed
                self._lists.pop()
            self._close_item()
        elif tag in ("ul", "ol"):
            self._flush()
            self._close_item()
            self._lists[-1:] = []
        elif tag in ("td", "th"):
            self._end_cell()
        elif tag in ("tr", "table"):
            self._end_row()
            self._flush()
        elif tag in _STRUCK:
            self._struck = max(0, self._struck - 1)
        elif tag in ("b", "strong"):
            self._bold = max(0, self._bold - 1)
        elif tag == "dt":
            self._term = _one_line(self._taken())
        elif tag == "blockquote":
            self._flush()
            self._walk.quoted = max(0, self._walk.quoted - 1)
        elif tag in _BLOCKS or tag == "dl":
            self._flush()

    def handle_data(self, data: str) -> None:
        if self._hidden or (not data.strip() and not self._words):
            return
        if not "".join(self._words).strip():
            self._line = self.getpos()[0] + self._shift + len(data) - len(data.lstrip("\n"))
            self._strong = ""
        if self._struck:
            self._struck_words += data
            return
        if self._bold and "".join(self._words).strip() == self._strong.strip():
            self._strong += data
        self._words.append(re.sub(r"\s+", " ", data))

    def handle_comment(self, data: str) -> None:
        self._walk.verbatim("html", tuple(data.strip().split("\n")), self.getpos()[0] + self._shift)

    def finish(self) -> None:
        """What stood last."""
        self._end_row()
        self._flush()
        while self._lists:
            self._close_item()
            self._lists.pop()

    def _open_item(self) -> None:
        """An item begins; one of the same list that was not closed ends."""
        self._flush()
        self._close_item()
        if self._depth < _DEEPEST:
            self._walk.open_item()
        self._depth += 1
        self._lists[-1:] = [True]

    def _close_item(self) -> None:
        if self._lists and self._lists[-1]:
            self._lists[-1] = False
            self._depth -= 1
            if self._depth < _DEEPEST:
                self._walk.close_item()

    def _end_cell(self) -> None:
        """A cell ends, by its tag or because the next one begins; outside a row its words are a paragraph."""
        if self._cells is None:
            self._flush()
        elif self._in_cell or "".join(self._words).strip():
            self._cells.append(_one_line(self._taken()))
        self._in_cell = False

    def _end_row(self) -> None:
        if self._cells is None:
            return
        self._end_cell()
        cells, self._cells = self._cells, None
        if self._is_head and self._waiting_head:
            self._walk.columns(cells)
        else:
            self._walk.row(cells, self._row_line)
        self._waiting_head = False

    def _taken(self) -> str:
        words, self._words = "".join(self._words), []
        return words

    def _flush(self) -> None:
        """What was said so far is a heading, an item's words or a paragraph."""
        if self._cells is not None:
            self._words.append(" ")
            return
        words = self._taken()
        struck, self._struck_words = self._struck_words.strip(), ""
        strong, self._strong = _one_line(self._strong), ""
        if not words.strip():
            if struck:
                self._walk.paragraph((_one_line(struck),), self._line, struck=True)
            return
        if self._heading:
            self._walk.heading(_one_line(words), self._heading, self._line)
            return
        if self._term:
            strong, self._term = f"{self._term}:", ""
            words = f"{strong} {words}"
        lines = tuple(_one_line(line) for line in words.strip().split("\n"))
        self._walk.paragraph(tuple(line for line in lines if line), self._line, strong)


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
