"""Contradictions: two statements that disagree, what is out of scope and asked for, one id for two things.

Every two statements that share telling words are compared.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

from agents.planning.draft import Flag
from agents.planning.flags.disagreements import (
    Claim,
    Disagreement,
    claims_of,
    differing_access,
    differing_dates,
    differing_figures,
    differing_polarity,
    opposite_words,
)
from agents.planning.requirements import Asked
from agents.planning.statements import Statement
from agents.planning.terms import content_stems, overlap, weights

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


_DENIED = re.compile(
    r"\s(?:is|are|will be|remains?|stays?) (?:explicitly |clearly |currently )?(?:out of scope|"
    r"not in scope|not part of|excluded|not included|not supported|not planned|left for later|deferred)\b",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"\b(?:support for|any|no|not|we will not|will not be|won't|in this (?:release|version|phase)|for now|"
    r"at this stage|first release|this release|later|phase \w+|v\d+|integration with|"
    r"changes? to|version)\b|\([^()]*\)|[.;].*$",
    re.IGNORECASE,
)


def out_of_scope(statements: tuple[Statement, ...], weight: Mapping[str, float]) -> Iterator[Flag]:
    """One flag for every statement that asks for what another statement excludes."""
    excluded = [(s, words) for s in statements if len(words := _excluded(s))]
    asking = [
        s for s in statements if s.binding and s.role not in ("goals", "out_of_scope") and not _excluded(s)
    ]
    for outside, words in excluded:
        for statement in asking:
            if _asks_for(statement, words, weight):
                yield Flag(
                    "contradictory",
                    statement.text[:300],
                    statement.line,
                    f"asked for here, and out of scope in line {outside.line}: “{outside.text[:120]}”",
                    "Take it out here, or take it into scope there.",
                    also_line=outside.line,
                )


def _excluded(statement: Statement) -> frozenset[str]:
    """What a statement rules out, as stems; empty if it rules nothing out."""
    if statement.role == "out_of_scope":
        return content_stems(_FILLER.sub(" ", statement.text.split(" – ")[0].split(" — ")[0]))
    if match := _DENIED.search(statement.text):
        return content_stems(_FILLER.sub(" ", statement.text[: match.start()]))
    return frozenset()


def _asks_for(statement: Statement, words: frozenset[str], weight: Mapping[str, float]) -> bool:
    if re.search(r"\b(?:not|no|never|without|except|out of scope|excluded)\b", statement.text, re.IGNORECASE):
        return False
    shared = words & statement.stems
    if len(words) == 1:
        return bool(shared) and len(statement.stems) <= 12
    return (
        len(shared) >= 2 and overlap(words, statement.stems, weight) >= 0.65 and len(shared) >= 0.6 * len(words)
    )
