"""Sentences without an end: a document with one is refused, with its line, before it is read."""

from __future__ import annotations

from agents.planning.reading.outline import Outline, sentences
from agents.planning.requirements import UnplannableDocument

LONGEST_SENTENCE = 5_000
"""Characters; a requirement that is longer is a text without sentences."""


class SentenceTooLong(UnplannableDocument):
    """A sentence or a table's row of more than LONGEST_SENTENCE characters."""

    def __init__(self, name: str, line: int, length: int) -> None:
        super().__init__(
            f"Line {line} of {name} is one sentence of {length:,} characters; I read sentences of up to"
            f" {LONGEST_SENTENCE:,}. Split it, and ask again."
        )


def demand_sentences(taken: Outline, name: str) -> None:
    """Raises SentenceTooLong. Reading looks at each sentence as a whole, which takes its length squared."""
    for index, passage in enumerate(taken.passages):
        for sentence in sentences(passage, index) if passage.kind in ("paragraph", "item", "row") else ():
            if len(sentence.text) > LONGEST_SENTENCE:
                raise SentenceTooLong(name, sentence.line, len(sentence.text))
