"""Statements that disagree about the same subject, found by comparing every two that share telling words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

from agents.planning.draft import Flag
from agents.planning.flags.access import differing_access
from agents.planning.flags.claims import Claim, Disagreement, claims_of
from agents.planning.flags.disagreements import (
    differing_dates,
    differing_figures,
    differing_polarity,
    opposite_words,
)
from agents.planning.flags.scope import out_of_scope
from agents.planning.requirements import Asked
from agents.planning.statements import Statement
from agents.planning.terms import weights

MOST_PAIRS = 200_000
"""Pairs compared at most; a document with more is far beyond what planning takes (see MOST_REQUIREMENTS)."""

Comparison = Callable[[Claim, Claim, Mapping[str, float]], Disagreement | None]
_COMPARISONS: tuple[Comparison, ...] = (
    differing_figures,
    differing_access,
    differing_dates,
    opposite_words,
    differing_polarity,
)


def contradictions(statements: tuple[Statement, ...], asked: tuple[Asked, ...]) -> Iterator[Flag]:
    """One flag for each pair, at the later statement, quoting it and naming the line of the earlier."""
    telling = tuple(s for s in statements if s.role not in ("out_of_scope", "questions"))
    weight = weights(s.stems for s in statements)
    for one, other in _pairs(claims_of(telling)):
        for compare in _COMPARISONS:
            if found := compare(one, other, weight):
                yield _flag(one.statement, other.statement, found)
                break
    yield from out_of_scope(statements, weight)
    yield from _same_id(asked)


def _pairs(claims: tuple[Claim, ...]) -> Iterator[tuple[Claim, Claim]]:
    """Claims that share at least one stem, each pair once, in the document's order."""
    by_stem: dict[str, list[int]] = defaultdict(list)
    for number, claim in enumerate(claims):
        for found in claim.statement.stems | claim.heading_stems:
            by_stem[found].append(number)
    seen: set[tuple[int, int]] = set()
    for _, numbers in sorted(by_stem.items(), key=lambda item: len(item[1])):
        for pair in combinations(numbers, 2):
            if len(seen) >= MOST_PAIRS:
                break
            seen.add(pair)
    for first, second in sorted(seen):
        if claims[first].statement.line != claims[second].statement.line:
            yield claims[first], claims[second]


def _flag(earlier: Statement, later: Statement, found: Disagreement) -> Flag:
    return Flag(
        "contradictory",
        later.text[:300],
        later.line,
        f"{found.why}; line {earlier.line} says “{earlier.text[:120]}”",
        found.suggestion,
        also_line=earlier.line,
    )


def _same_id(asked: tuple[Asked, ...]) -> Iterator[Flag]:
    first: dict[str, Asked] = {}
    for a in asked:
        name = a.requirement.id
        if name in first and first[name].requirement.text != a.requirement.text:
            line = first[name].requirement.line
            why = f"{name} stands for two things; line {line} says “{first[name].requirement.text[:120]}”"
            yield Flag(
                "contradictory",
                a.requirement.text[:300],
                a.requirement.line,
                why,
                "Give each its own id.",
                line,
            )
        first.setdefault(name, a)
