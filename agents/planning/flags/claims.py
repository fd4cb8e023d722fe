"""Statements prepared for comparing, and when two of them are about the same subject."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agents.planning.lexicon import lexicon
from agents.planning.quantities import Quantity, quantities
from agents.planning.statements import Statement
from agents.planning.terms import content_stems, overlap

_EXAMPLE = re.compile(r"^\W*(?:given|when|then|and when|and then|for example|e\.g\.)\b|\?$", re.IGNORECASE)
_NUMBERED = re.compile(
    r"\b(phase|stage|version|tier|level|step|milestone|wave|sprint|release)\s?(\d+|[ivx]+)\b"
)
_CLAUSE_END = re.compile(r"[,;:]\s|\s(?:as|because|while|whereas|and then|so that)\s")
_DURATION = re.compile(
    r"\b(?:period|due|date|day|term|deadline|window|duration|length|time)s?\b", re.IGNORECASE
)
_NEGATION = re.compile(
    r"\b(?:must|shall|should|may|can|will|is|are|do|does|was)\s*(?:not|never)\b|\bcannot\b|\bnever\b|n't\b|^\W*no\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement prepared for comparing. `subject` are its stems without figures and units.

    `qualified` are its words that tell it apart, by group of the lexicon; `opposites` the words that it
    has of a pair of opposites, by pair and side; `numbered` what it numbers (`phase`: `2`).
    """

    statement: Statement
    heading_stems: frozenset[str]
    figures: tuple[Quantity, ...]
    subject: frozenset[str]
    negated: bool
    qualified: Mapping[int, frozenset[str]]
    opposites: Mapping[tuple[int, int], str]
    numbered: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Why two statements cannot both hold, and what would settle it."""

    why: str
    suggestion: str


def claims_of(statements: tuple[Statement, ...]) -> tuple[Claim, ...]:
    """Statements prepared for comparing."""
    return tuple(_claim(s) for s in statements if s.stems and not _EXAMPLE.search(s.text))


def _claim(statement: Statement) -> Claim:
    text = statement.text
    figures = quantities(text)
    bare = text
    for figure in reversed(figures):
        keep = figure.dimension.removeprefix("count:") if figure.dimension.startswith("count:") else ""
        bare = f"{bare[: figure.start]} {keep} {bare[figure.end :]}"
    return Claim(
        statement,
        content_stems(statement.section),
        figures,
        _with_lifetime(content_stems(bare)),
        bool(_NEGATION.search(text)),
        _qualified(text),
        {
            (place, side): match[0]
            for place, pair in enumerate(lexicon().opposites)
            for side in (0, 1)
            if (match := pair[side].search(text))
        },
        dict(_NUMBERED.findall(text.lower())),
    )


def _qualified(text: str) -> Mapping[int, frozenset[str]]:
    words = frozenset(re.findall(r"[a-z0-9]+", text.lower()))
    return {place: words & group for place, group in enumerate(lexicon().qualifiers) if words & group}


def _with_lifetime(stems: frozenset[str]) -> frozenset[str]:
    """Keeping for so long and deleting after so long speak of the same thing."""
    return stems | {"lifetime"} if stems & {"retain", "delet"} else stems


def clause_subject(text: str, figure: Quantity) -> frozenset[str]:
    """What the clause around a figure is about, without words of time and duration."""
    begin = max((m.end() for m in _CLAUSE_END.finditer(text, 0, figure.start)), default=0)
    after = _CLAUSE_END.search(text, figure.end)
    clause = text[begin : figure.start] + text[figure.end : after.start() if after else len(text)]
    return content_stems(_DURATION.sub(" ", clause))


def same_subject(one: Claim, other: Claim, weight: Mapping[str, float], least: float, shared: int = 2) -> bool:
    """Enough shared meaning; a heading's words count for both of its sides when the other names them."""
    if told_apart(one, other):
        return False
    left = one.subject | (one.heading_stems & other.subject)
    right = other.subject | (other.heading_stems & one.subject)
    return len(left & right) >= shared and overlap(left, right, weight) >= least


def told_apart(one: Claim, other: Claim) -> bool:
    """Whether a qualifier makes them speak of different things: p50 and p95, phase 1 and phase 2."""
    for group in one.qualified.keys() & other.qualified.keys():
        mine, theirs = one.qualified[group], other.qualified[group]
        if mine - theirs and theirs - mine:
            return True
    return any(other.numbered.get(name, number) != number for name, number in one.numbered.items())
