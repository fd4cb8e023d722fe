"""Two statements about who may do something."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from agents.planning.flags.claims import Claim, Disagreement, told_apart
from agents.planning.lexicon import lexicon
from agents.planning.terms import content_stems, overlap

_ACCESS = re.compile(
    r"(?<![a-z-])(?P<only1>\bonly )?(?P<all>\b(?:all|any|every|each)\b )?(?P<who>(?:[a-z-]+ ){0,3}?[a-z-]+)"
    r"(?P<only2> only)? "
    r"(?P<can>cannot|can not|must not|may not|should not|can|may|must be able to|should be able to|are able to|"
    r"is able to|are allowed to|is allowed to|are not allowed to|shall be able to) (?P<what>.+)",
    re.IGNORECASE,
)
_WHO = r"(?:(?P<only1>only)|(?P<all>all|any|every|each))\s(?P<who>.{2,60}?)(?P<only2>(?!))?"
_EVERYBODY = frozenset(["everyone", "everybody", "anyone", "anybody", "users", "user", "people"])


@dataclass(frozen=True, slots=True)
class _Access:
    who: frozenset[str]
    only: bool
    everybody: bool
    every: bool
    allowed: bool
    what: frozenset[str]


def _doing(text: str) -> re.Match[str] | None:
    """`Only the first administrator sees the checklist`: a verb of the lexicon instead of a modal."""
    start = re.match(r"\W*(?:only|all|any|every|each)\b", text, re.IGNORECASE)
    for verb in re.finditer(r"\b[a-z]+\b", text) if start else ():
        if verb[0] in lexicon().imperatives or verb[0].removesuffix("s") in lexicon().imperatives:
            spelled = rf"^\W*{_WHO}\s(?P<can>)(?P<what>{verb[0]}\b.+)"
            return re.match(spelled, text, re.IGNORECASE)
    return None


@lru_cache(maxsize=4096)
def _access(text: str) -> _Access | None:
    match = _ACCESS.search(text) or _doing(text)
    if not match:
        return None
    who = frozenset(match["who"].lower().split())
    words = who - {"a", "an", "the", "only", "all", "any", "every", "of", "and", "or", "our"}
    everybody = bool(words & {"everyone", "everybody", "anyone", "anybody"}) or (
        bool(match["all"] or who & {"all", "any", "every"}) and bool(words & _EVERYBODY)
    )
    only = bool(match["only1"] or match["only2"] or "only" in who)
    allowed = not re.search("not", match["can"], re.IGNORECASE)
    stems = frozenset(s for word in words for s in content_stems(word))
    what = content_stems(re.split(r"\b(?:so that|because|in order to)\b|[;:]", match["what"])[0])
    every = bool(match["all"])
    return _Access(stems, only, everybody, every, allowed, what) if stems or everybody else None


def differing_access(one: Claim, other: Claim, weight: Mapping[str, float]) -> Disagreement | None:
    """Only these may here, others or everybody there; or somebody may here and may not there."""
    a, b = _access(one.statement.text), _access(other.statement.text)
    if a is None or b is None or not a.what or not b.what or overlap(a.what, b.what, weight) < 0.6:
        return None
    if told_apart(one, other):
        return None
    related = bool(a.who & b.who) or a.everybody or b.everybody
    if a.allowed != b.allowed:
        clash = related and (a.who == b.who or a.everybody or b.everybody)
    elif a.only and b.only:
        clash = a.who != b.who
    elif a.only or b.only:
        narrowed = ((a.only and b.every) or (b.only and a.every)) and a.who != b.who
        clash = not (a.who <= b.who or b.who <= a.who) or a.everybody or b.everybody or narrowed
    else:
        clash = False
    return Disagreement("who may do this is said differently", "Say once which roles may.") if clash else None
