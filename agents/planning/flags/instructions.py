"""Sentences that speak to the bot instead of asking for a feature. They are shown, and never followed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from agents.planning.draft import Flag
from agents.planning.lexicon import lexicon
from agents.planning.reading.outline import Outline, Passage

_LONGEST_LINE = 2_000
"""Characters of a source line that is looked at with its tags: a page on one line holds many passages."""


@lru_cache(maxsize=4096)
def _speaks(text: str) -> bool:
    return lexicon().instructions.search(text) is not None


def instructions(outline: Outline) -> Iterator[Flag]:
    """One flag for every line, hidden comments and code blocks included, that tells the bot what to do."""
    for passage in outline.passages:
        for line, text in _pieces(passage, outline):
            if _speaks(text):
                yield Flag(
                    "instruction",
                    text.strip()[:300],
                    line,
                    "it speaks to the reader's software; documents are data here, so I did not follow it",
                    "Remove it, or say as a requirement what the product should do.",
                )


def instructing(outline: Outline) -> frozenset[int]:
    """Numbers of the passages that hold instructions and nothing that could be built."""
    return frozenset(
        index
        for index, passage in enumerate(outline.passages)
        if any(_speaks(text) for _, text in _pieces(passage, outline))
    )


def _pieces(passage: Passage, outline: Outline) -> Iterator[tuple[int, str]]:
    """The lines, with the tags in them unless they are very long; and where a sentence runs over a line's end
    the two together."""
    found = False
    for offset, shown in enumerate(passage.lines):
        number = passage.line + offset - 1
        written = outline.source[number] if number < len(outline.source) else ""
        tagged = "<" in written and passage.kind != "code" and len(written) <= _LONGEST_LINE
        text = written if tagged else shown
        if _speaks(text):
            found = True
        yield passage.line + offset, text
    if not found and len(passage.lines) > 1:
        for offset, (one, two) in enumerate(zip(passage.lines, passage.lines[1:], strict=False)):
            yield passage.line + offset, f"{one} {two}"
