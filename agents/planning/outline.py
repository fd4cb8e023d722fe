"""A Markdown document as passages, each with its line number, its section, and what that section is for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from agents.planning.sections import SectionRole, role_of

PassageKind = Literal["heading", "paragraph", "item", "row", "code", "html"]

_META_KEYS = (
    r"(?:product )?owner|author|product|status|version|date|target (?:release|date|launch)|release|"
    r"stakeholders|"
    r"approvers?|priority|teams?|sponsor|contact|last updated|deadline|budget|document id|id|prd id|reviewers?|"
    r"launch(?: date)?|due(?: date)?"
)
_META = re.compile(rf"^\W*({_META_KEYS})\W*[:|]\W*(.*)$", re.IGNORECASE)
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|vs|cf|no|approx|incl|fig|sec|dr|mr|ms)\.$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Heading:
    """`level` is 1 to 6, or 7 for a paragraph of nothing but bold words."""

    text: str
    level: int
    line: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph, list item, table row, code block or HTML block.

    `lines` are its source lines as plain text, the first at `line`. `depth` counts list nesting from 1;
    `parent` is the index of the item above, or of the paragraph that introduces the list. `cells` are a row's
    (column, text). `strong` are the words at its beginning that stand in bold.
    """

    kind: PassageKind
    lines: tuple[str, ...]
    line: int
    sections: tuple[Heading, ...]
    role: SectionRole
    depth: int = 0
    parent: int | None = None
    cells: tuple[tuple[str, str], ...] = ()
    strong: str = ""

    @property
    def text(self) -> str:
        """All lines as one."""
        return " ".join(line for line in self.lines if line)

    @property
    def section(self) -> str:
        """The innermost heading's text."""
        return self.sections[-1].text if self.sections else ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of passage number `passage`, with the line on which it begins."""

    text: str
    line: int
    passage: int


@dataclass(frozen=True, slots=True)
class MetaLine:
    """`Owner: David` and the like."""

    key: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Outline:
    """The document taken apart. `title` is its first heading, or empty."""

    title: str
    headings: tuple[Heading, ...]
    passages: tuple[Passage, ...]
    meta: tuple[MetaLine, ...]
    length: int

    def meta_value(self, key: str) -> str:
        """What the document says under this key, or empty."""
        return next((m.value for m in self.meta if m.key == key), "")


def outline(text: str) -> Outline:
    """Take a Markdown document apart. Every text gives an outline; an empty one has no passages."""
    front, body = _front_matter(text)
    walk = _Walk()
    for token_index, token in enumerate(tokens := MarkdownIt("commonmark").enable("table").parse(body)):
        walk.see(token, tokens[token_index + 1] if token_index + 1 < len(tokens) else token)
    passages = _under_titled_items(walk.passages)
    headings = sorted({*walk.headings, *(p.sections[-1] for p in passages if p.sections)}, key=lambda h: h.line)
    titles = [h.text for h in headings if h.level == 1] + [h.text for h in headings]
    meta = (*front, *_meta(passages))
    return Outline(titles[0] if titles else "", tuple(headings), passages, meta, text.count("\n") + 1)


def _under_titled_items(passages: list[Passage]) -> tuple[Passage, ...]:
    """A numbered item of few words above numbered paragraphs (`4.1 The system …`) is a heading."""
    titles = {
        index: Heading(passage.text.strip(" :"), 7, passage.line)
        for index, passage in enumerate(passages)
        if passage.kind == "item"
        and passage.depth == 1
        and len(passage.text.split()) <= 6
        and passage.text[-1:] not in ".;,"
        and any(
            p.parent == index and re.match(r"\W*\d+\.\d+\s", p.text) for p in passages[index + 1 : index + 4]
        )
    }
    return tuple(
        replace(
            passage,
            sections=(*passage.sections, titles[passage.parent]),
            role=role_of(titles[passage.parent].text) or passage.role,
            parent=None,
            kind="paragraph",
        )
        if passage.parent in titles
        else passage
        for passage in passages
    )


def sentences(passage: Passage, index: int) -> Iterator[Sentence]:
    """The sentences of a passage. A sentence that goes over several lines counts to the first of them."""
    if passage.kind == "row":
        yield Sentence(passage.text, passage.line, index)
        return
    words: list[str] = []
    start = passage.line
    for offset, line in enumerate(passage.lines):
        for part in re.split(r"(?<=[.!?])\s+(?=[\"'(*A-Z0-9])", line):
            if not words:
                start = passage.line + offset
            words.append(part)
            if re.search(r"[.!?][\"')*]*$", part) and not _ABBREVIATION.search(part):
                yield Sentence(" ".join(words).strip(), start, index)
                words = []
    if rest := " ".join(words).strip():
        yield Sentence(rest, start, index)


def _front_matter(text: str) -> tuple[tuple[MetaLine, ...], str]:
    """YAML-like `key: value` lines between two `---` at the top, and the text with them blanked out."""
    lines = text.split("\n")
    if lines[0].strip() != "---" or "---" not in (line.strip() for line in lines[1:60]):
        return (), text
    end = next(i for i, line in enumerate(lines[1:60], 1) if line.strip() == "---")
    found = tuple(
        MetaLine(key.strip().lower(), value.strip().strip("\"'"), number)
        for number, line in enumerate(lines[1:end], 2)
        for key, colon, value in [line.partition(":")]
        if colon
    )
    return found, "\n".join([""] * (end + 1) + lines[end + 1 :])


def _meta(passages: tuple[Passage, ...]) -> Iterator[MetaLine]:
    for passage in passages:
        for offset, line in enumerate(passage.lines):
            written = " : ".join(value for _, value in passage.cells[:2]) if passage.kind == "row" else line
            if passage.kind != "code" and len(written) < 160 and (match := _META.match(written)):
                yield MetaLine(match[1].lower(), match[2].strip(" *_"), passage.line + offset)


class _Walk:
    """Goes through the tokens once, remembering headings, lists and the table's columns."""

    def __init__(self) -> None:
        self.headings: list[Heading] = []
        self.passages: list[Passage] = []
        self._path: list[Heading] = []
        self._items: list[int | None] = []
        self._introduction: int | None = None  # the paragraph that a list here belongs to
        self._columns: list[str] = []
        self._cells: list[str] = []
        self._row_line = 0
        self._in_head = False

    def see(self, token: Token, following: Token) -> None:
        """Take in one token; `following` holds the words of an opening one."""
        match token.type:
            case "heading_open":
                self._open_section(Heading(_plain(following)[0], int(token.tag[1]), _line(token)))
            case "list_item_open":
                self._items.append(None)
            case "list_item_close":
                self._items.pop()
            case "paragraph_open":
                self._paragraph(following, _line(token))
            case "thead_open" | "thead_close":
                self._in_head = token.type == "thead_open"
            case "tr_open":
                self._cells, self._row_line = [], _line(token)
            case "td_open" | "th_open":
                self._cells.append(" ".join(_plain(following)) if following.type == "inline" else "")
            case "tr_close":
                self._close_row()
            case "fence" | "code_block":
                shift = 1 if token.type == "fence" else 0
                self._add("code", tuple(token.content.rstrip("\n").split("\n")), _line(token) + shift)
            case "html_block":
                self._add("html", tuple(token.content.rstrip("\n").split("\n")), _line(token))

    def _open_section(self, heading: Heading) -> None:
        self.headings.append(heading)
        self._path = [h for h in self._path if h.level < heading.level] + [heading]
        self._introduction = None

    def _role(self) -> SectionRole:
        """The innermost heading that says what it is for; the title says so only of a section of its own."""
        for heading in reversed(self._path):
            if (heading.level > 1 or heading is not self.headings[0]) and (role := role_of(heading.text)):
                return role
        return "other"

    def _paragraph(self, inline: Token, line: int) -> None:
        lines = tuple(_plain(inline))
        strong = _strong(inline)
        text = " ".join(lines)
        if not self._items and strong and text.strip(" :") == strong.strip(" :") and len(text) < 80:
            self._open_section(Heading(strong.strip(" :"), 7, line))
            return
        if not self._items:
            self._add("paragraph", lines, line, strong)
            return
        first = self._items[-1] is None
        self._add("item", lines, line, strong, first=first)
        if first:
            self._items[-1] = len(self.passages) - 1

    def _add(
        self, kind: PassageKind, lines: tuple[str, ...], line: int, strong: str = "", *, first: bool = True
    ) -> None:
        above = self._items[:-1] if first else self._items
        parent = next((index for index in reversed(above) if index is not None), None)
        if kind == "item" and parent is None:
            parent = self._introduction
        self.passages.append(
            Passage(
                kind, lines, line, tuple(self._path), self._role(), len(self._items), parent, strong=strong
            )
        )  # fmt: skip
        if kind != "item":
            leads = kind == "paragraph" and bool(strong or " ".join(lines).rstrip().endswith(":"))
            self._introduction = len(self.passages) - 1 if leads else None

    def _close_row(self) -> None:
        if self._in_head:
            self._columns = [cell.strip() for cell in self._cells]
            return
        columns = [*self._columns, *[""] * len(self._cells)]
        row = Passage("row", (" | ".join(self._cells),), self._row_line, tuple(self._path), self._role())
        pairs = tuple((column, cell.strip()) for column, cell in zip(columns, self._cells, strict=False))
        self.passages.append(replace(row, cells=pairs))
        self._introduction = None


def _line(token: Token) -> int:
    return (token.map[0] if token.map else 0) + 1


def _plain(inline: Token) -> list[str]:
    """The words of an inline token, one string a source line, without emphasis, link targets and images."""
    lines = [""]
    for child in inline.children or ():
        if child.type in ("softbreak", "hardbreak"):
            lines.append("")
        elif child.type in ("text", "code_inline", "html_inline"):
            lines[-1] += child.content
    return [re.sub(r"\s+", " ", line).strip() for line in lines]


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
