"""Ways in which two statements can disagree: figures, dates, opposites, and yes against no.

Each comparison is pure and answers for one pair. Two statements are about the same subject when the
words that carry meaning overlap; what differs by a qualifier (p50 and p95, free and paid, staging and
production) is no disagreement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from agents.planning.flags.claims import Claim, Disagreement, clause_subject, same_subject, told_apart
from agents.planning.periods import Period, periods
from agents.planning.quantities import Quantity
from agents.planning.terms import content_stems, overlap

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
