"""The sentences of a document that say something, and whether they ask for something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agents.planning.reading.outline import Outline, Passage, sentences
from agents.planning.reading.sections import SectionRole
from agents.planning.requirements import MODAL
from agents.planning.terms import content_stems

_BINDING = frozenset({"requirements", "quality", "goals", "acceptance"})
_BASELINE = re.compile(
    r"\b(?:today|currently|at present|at the moment|so far|used to|last (?:year|quarter|month))\b", re.I
)


@dataclass(frozen=True, slots=True)
class Statement:
    """`binding` statements ask for something; the others tell, and are not held to what binds.

    `stems` are what it is about, the words of the innermost heading not among them. `passage` is -1
    for a line of the front matter.
    """

    text: str
    line: int
    passage: int
    role: SectionRole
    section: str
    binding: bool
    stems: frozenset[str]


def statements(outline: Outline) -> tuple[Statement, ...]:
    """Every sentence, list item and table row, in the document's order. Code and HTML blocks are left out."""
    front = tuple(
        Statement(f"{m.key}: {m.value}", m.line, -1, "metadata", "", False, content_stems(f"{m.key} {m.value}"))
        for m in outline.meta
        if m.value and not any(p.line <= m.line < p.line + len(p.lines) for p in outline.passages)
    )
    return front + tuple(
        Statement(text, line, index, passage.role, passage.section, _binds(text, passage), content_stems(text))
        for index, passage in enumerate(outline.passages)
        if passage.kind in ("paragraph", "item", "row")
        for text, line in _said(passage, index)
        if text
    )


def _said(passage: Passage, index: int) -> Iterator[tuple[str, int]]:
    """The sentences; of a table row each cell that is more than a label."""
    if passage.kind == "row":
        yield from ((cell, passage.line) for _, cell in passage.cells if len(cell.split()) > 1)
    else:
        yield from ((sentence.text, sentence.line) for sentence in sentences(passage, index))


def _binds(text: str, passage: Passage) -> bool:
    if text.rstrip().endswith("?") or _BASELINE.search(text):
        return False
    if passage.role in _BINDING:
        return (
            passage.kind != "paragraph"
            or passage.role != "goals"
            or bool(MODAL.search(text))
            or len(text) < 200
        )
    if passage.role in ("out_of_scope", "questions", "metadata"):
        return False
    if passage.role == "other" and re.match(r"\W*\d+(?:\.\d+)+\s", passage.text):
        return True
    will = "|will" if passage.role != "background" else ""
    return bool(re.search(rf"\b(?:must|shall|should|needs? to|has to|have to{will})\b", text, re.IGNORECASE))
