"""Things that a document puts out of scope and asks for all the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from agents.planning.draft import Flag
from agents.planning.statements import Statement
from agents.planning.terms import content_stems, overlap

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
