"""Whether two statements can both hold: figures, access, dates, opposites, and yes against no.

Each comparison is pure and answers for one pair of claims. Two are about the same subject when the words that
carry meaning overlap; what differs by a qualifier (p50 and p95, free and paid, staging and production) is no
disagreement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from agents.planning.lexicon import lexicon
from agents.planning.periods import Period, periods
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


_DELIVERY = re.compile(
    r"\b(?:launch\w*|releas\w*|ship(?:s|ped)?|go(?:es)?[- ]live|general availability|deadline|delivered|"
    r"delivery|due|roll(?:ed)?[- ]?out|available (?:from|by|in)|complete[ds]? by|target date|live by)\b",
    re.IGNORECASE,
)


FARTHEST_APART = 50
"""Times that differ by a larger factor measure different things: a period of months, a delay of minutes."""


def differing_figures(one: Claim, other: Claim, weight: Mapping[str, float]) -> Disagreement | None:
    """The same measure with another value: 90 days here and 30 days there."""
    if not (one.figures and other.figures and one.statement.binding and other.statement.binding):
        return None
    for a in one.figures:
        for b in other.figures:
            if a.dimension != b.dimension or _compatible(a, b):
                continue
            if any(c.dimension == a.dimension and c.value == b.value for c in one.figures):
                continue
            if any(c.dimension == b.dimension and c.value == a.value for c in other.figures):
                continue
            if _same_measure(one, other, a, b, weight):
                return Disagreement(
                    f"{b.text} against {a.text}", "Keep one figure, or say what tells the two apart."
                )
    return None


def _same_measure(one: Claim, other: Claim, a: Quantity, b: Quantity, weight: Mapping[str, float]) -> bool:
    """Two shared stems; or one, where the two clauses with the figures are about little else."""
    if a.dimension in ("interval", "size"):
        return same_subject(one, other, weight, 0.5, 1)
    if same_subject(one, other, weight, 0.5, 2):
        return True
    if a.dimension != "time" or told_apart(one, other):
        return False
    if a.bound == b.bound != "exact" and same_subject(one, other, weight, 0.9, 1):
        return True
    left, right = (clause_subject(c.statement.text, q) for c, q in ((one, a), (other, b)))
    return _unit(a) == _unit(b) and bool(left & right) and overlap(left, right, weight) >= 0.6


def _unit(quantity: Quantity) -> str:
    return quantity.text.split()[-1].rstrip("s").lower()


def _compatible(a: Quantity, b: Quantity) -> bool:
    if abs(a.value - b.value) <= 0.01 * max(abs(a.value), abs(b.value)):
        return True
    low, high = sorted((a, b), key=lambda q: q.value)
    if a.dimension == "time" and high.value > FARTHEST_APART * low.value:
        return True
    return low.bound == "min" and high.bound == "max"


@lru_cache(maxsize=4096)
def _delivery(text: str) -> tuple[Period, ...]:
    """The dates of a sentence about delivering something."""
    return periods(text) if _DELIVERY.search(text) else ()


def differing_dates(one: Claim, other: Claim, weight: Mapping[str, float]) -> Disagreement | None:
    """Two dates for the same delivery."""
    left, right = _delivery(one.statement.text), _delivery(other.statement.text)
    if not left or not right or any(a.meets(b) for a in left for b in right):
        return None
    if told_apart(one, other) or not same_subject(one, other, weight, 0.3, 1):
        return None
    return Disagreement(f"{right[0].text} against {left[0].text}", "Keep one date.")


def opposite_words(one: Claim, other: Claim, weight: Mapping[str, float]) -> Disagreement | None:
    """One says offline, the other needs a connection; one mandatory, the other optional."""
    if not (one.statement.binding and other.statement.binding):
        return None
    for (pair, side), said in one.opposites.items():
        opposite = other.opposites.get((pair, 1 - side))
        both_sides = (pair, 1 - side) in one.opposites or (pair, side) in other.opposites
        if opposite and not both_sides and _about_the_same(one, other, (said, opposite), weight):
            return Disagreement(f"“{opposite}” against “{said}”", "Decide for one of the two.")
    return None


def _about_the_same(one: Claim, other: Claim, opposite: tuple[str, str], weight: Mapping[str, float]) -> bool:
    """Whether what is left of both, without the opposite words themselves, overlaps."""
    without = content_stems(" ".join(opposite))
    left, right = one.subject - without, other.subject - without
    return not told_apart(one, other) and overlap(left, right, weight) >= 0.34


def differing_polarity(one: Claim, other: Claim, weight: Mapping[str, float]) -> Disagreement | None:
    """The same thing asked for and ruled out."""
    if one.negated == other.negated or not (one.statement.binding and other.statement.binding):
        return None
    if re.search(
        r"\b(?:unless|except|other than|until|if|when)\b", one.statement.text + other.statement.text, re.I
    ):
        return None
    if same_subject(one, other, weight, 0.75, 2):
        return Disagreement("one asks for what the other rules out", "Decide for one of the two.")
    return None


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
