"""A document taken apart: passages, each with its line, its section, and what that section is for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from agents.planning.reading.sections import SectionRole, role_of

PassageKind = Literal["paragraph", "item", "row", "code", "html"]
"""`html` is what its readers do not see: comments, scripts."""

_META_KEYS = (
    r"(?:product )?owner|author|product|status|version|date|target (?:release|date|launch)|release|"
    r"stakeholders|"
    r"approvers?|priority|teams?|sponsor|contact|last updated|deadline|budget|document id|id|prd id|reviewers?|"
    r"launch(?: date)?|due(?: date)?"
)
_META = re.compile(rf"^\W*({_META_KEYS})\W*[:|]\W*(.*)$", re.IGNORECASE)
_ABBREVIATION = re.compile(
    r"\b(?:e\.g|i\.e|etc|vs|cf|no|approx|incl|fig|sec|dr|mr|ms|nr|z\.b|bzw|ca)\.$", re.IGNORECASE
)
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+(?=[\"'“‘(*A-ZÀ-Ý0-9/¿¡])|(?<=[。！？])")
_LABEL = re.compile(r"(?:[A-Z]{4,}(?: \([^)]*\))?[:\s]\s*\S|[A-Z][\w /-]{2,30}: \S)")
"""A line that begins anew: `DECISION …`, `Finance partner: …`."""


_TELLING: frozenset[SectionRole] = frozenset(
    {"out_of_scope", "later", "questions", "actions", "example", "background", "prohibitions"}
)
"""What a line above a list says of it; other words in such a line say nothing sure."""


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
    (column, text). `strong` are the words at its beginning that stand in bold. `panel` is the kind and the
    title of the box around it. `struck` is what is wholly struck out, `linked` what is nothing but links.
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
    panel: str = ""
    struck: bool = False
    quoted: bool = False
    linked: bool = False

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
    """The document taken apart. `title` is its first heading, or empty; `source` its lines as they stand."""

    title: str
    headings: tuple[Heading, ...]
    passages: tuple[Passage, ...]
    meta: tuple[MetaLine, ...]
    source: tuple[str, ...]

    @property
    def length(self) -> int:
        """How many lines it has."""
        return len(self.source)

    def meta_value(self, key: str) -> str:
        """What the document says under this key, or empty."""
        return next((m.value for m in self.meta if m.key == key), "")


def outline(text: str) -> Outline:
    """Take a document apart: Markdown, HTML, or plain text. An empty one has no passages."""
    from agents.planning.reading.markdown_walk import walked

    front, body = _front_matter(text)
    walk = walked(body)
    tops = sum(heading.level == 1 for heading in walk.headings)
    title_line = walk.headings[0].line if walk.headings and tops == 1 and walk.headings[0].level == 1 else 0
    passages = _under_titled_items(
        [replace(p, role=_role([h for h in p.sections if h.line != title_line])) for p in walk.passages]
    )
    passages = _under_introductions(passages)
    headings = sorted({*walk.headings, *(p.sections[-1] for p in passages if p.sections)}, key=lambda h: h.line)
    titles = [h.text for h in headings if h.level == 1] + [h.text for h in headings]
    titled = next((m.value for m in front if m.key == "title"), "")
    meta = (*front, *_meta(passages))
    title = titled or (titles[0] if titles else "")
    return Outline(title, tuple(headings), passages, meta, tuple(text.split("\n")))


def _role(sections: list[Heading]) -> SectionRole:
    """What the innermost heading that says it is for; the document's title is none of them."""
    return next((role for heading in reversed(sections) if (role := role_of(heading.text))), "other")


def _under_introductions(passages: tuple[Passage, ...]) -> tuple[Passage, ...]:
    """A line such as `Not part of it:` says of its list what a heading would."""
    found: list[Passage] = []
    for passage in passages:
        above = found[passage.parent] if passage.parent is not None else None
        if above is not None and above.kind == "paragraph" and above.text.rstrip().endswith(":"):
            told = role_of(above.text) if len(above.text.split()) <= 14 else None
            passage = replace(passage, role=told) if told in _TELLING else passage
        elif above is not None and above.role in _TELLING:
            passage = replace(passage, role=above.role)
        found.append(passage)
    return tuple(found)


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
        if words and _LABEL.match(line):
            yield Sentence(" ".join(words).strip(), start, index)
            words = []
        for part in _SENTENCE_ENDS.split(line):
            if not words:
                start = passage.line + offset
            words.append(part)
            if re.fullmatch(r"\(?(?:\d{1,2}|[a-z])\.", part):  # an item's number
                continue
            if re.search(r"[.!?。！？][\"'”’)*]*$", part) and not _ABBREVIATION.search(part):
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
            if passage.kind not in ("code", "html") and len(written) < 160 and (match := _META.match(written)):
                yield MetaLine(match[1].lower(), match[2].strip(" *_"), passage.line + offset)
