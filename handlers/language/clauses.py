"""A reply cut into clauses, so that each can be judged as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from handlers.language.words import plain, visible

_QUOTES = '"“”«»„`'
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+|;|(?<=[.!?])$| [–—] | - ")
_NUMBERS = re.compile(r"(?<=\d) ?, ?(?:and |& ?)?(?=#?\d)")
_VERBS = (
    "approve|execute|deny|reject|reserve|send|add|create|schedule|notify|tell|book|set up|deploy|roll ?back"
    "|scale|simulate|run|freeze|file|open|make|put|assign|invite|arrange|draft|write|generate|show|prioriti[sz]e"
    "|move|pause|resume|inform|email|let|ask|give|remind|keep|log|record|check|review|update|declare|close|message"
    "|patch|announce|prepare|start|cancel|drop|proceed|explain|compare|list"
)
_STATES = (
    r"(?:[\w-]+ )?(?:is|are|was|were|has|have|gets?|pass\w*|fail\w*|succeeds?|done|finished|green|comes?|says?"
    r"|lasts?)\b"
)
_CLAUSE = re.compile(
    r",\s*(?:and |but |then |and then |or )?"
    r"|\s+(?:and then|then|(?<!\ball )(?<!\beverything )but)\s+(?=\S)"
    rf"|\s+and\s+(?=(?:please |also )?(?:{_VERBS})\b(?! {_STATES}))",
    re.IGNORECASE,
)
"""Where a clause may end. “… and the review is done” goes on; “… and review the card” is a clause of its
own."""

_DECORATION = re.compile("[\ufe0f\U0001f3fb-\U0001f3ff]")
"""Variation selectors and skin tones: a thumb is a thumb."""

_SHORT = re.compile(r"(?<=\w) (?:n|&) (?=\w)")


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: as written, as matched, whether it asks or is quoted, which sentence it is in, and how it is
    joined to the clause before (`, and`)."""

    text: str
    plain: str
    question: bool = False
    quoted: bool = False
    sentence: int = 0
    joint: str = ""


def clauses(text: str) -> Iterator[Clause]:
    """The clauses of a message in order. Lists of numbers stay whole; a question stays one clause."""
    marks = 0
    spelt = _SHORT.sub(" and ", visible(text).replace("\t", " "))
    for number, sentence in enumerate(_SENTENCE.split(_NUMBERS.sub(" and ", spelt))):
        if sentence is None or not sentence.strip(" .!,"):
            continue
        inside = marks % 2 == 1 or any(mark in sentence for mark in _QUOTES)
        marks += sum(sentence.count(mark) for mark in _QUOTES)
        if sentence.rstrip(" )'\"").endswith("?"):
            yield _clause(sentence, number, question=True, quoted=inside)
            continue
        for part, joint in _cut(sentence):
            if part.strip(" .!,"):
                quoted = inside and not _request_only(part, marks)
                yield _clause(part, number, question="?" in part, quoted=quoted, joint=joint)


def _cut(sentence: str) -> Iterator[tuple[str, str]]:
    start, joint = 0, ""
    for found in _CLAUSE.finditer(sentence):
        yield sentence[start : found.start()], joint
        start, joint = found.end(), " ".join(found[0].split()).lower()
    yield sentence[start:], joint


def _clause(text: str, number: int, *, question: bool, quoted: bool, joint: str = "") -> Clause:
    written = " ".join(text.split()).strip(" .!,:…" + ("?" if question else ""))
    return Clause(written, plain(_DECORATION.sub("", written)), question, quoted, number, joint)


def _request_only(part: str, marks: int) -> bool:
    """A pair of quotation marks inside one clause that begins outside them names something: no speech."""
    opened = min((part.find(mark) for mark in _QUOTES if mark in part), default=0)
    return marks % 2 == 0 and opened > 3 and sum(part.count(mark) for mark in _QUOTES) == 2
