"""Agent-hours of a new story, from what similar done stories took.

The median is a weighted quantile of the actual hours of the most similar done stories of the same
discipline, each weighted by its similarity (Hyndman and Fan's midpoint rule). Where too few are similar, it
is that of the discipline's, or of the whole department's, done stories. How wide the range around it is comes
from how far apart those hours lie and from how far such estimates were off so far (`accuracy.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import log
from statistics import median
from typing import TYPE_CHECKING, Literal

from agents.planning.accuracy import HIGH, LATEST, LOW, Accuracy, Error, accuracy, spread_of
from agents.planning.draft import HISTORY_NEEDED, Estimate, NotEnoughHistory, Similar
from agents.planning.history import DoneWork, Neighbour, likeness_of
from integrations.tracker import Story

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEIGHBOURS = 25
FEWEST_SIMILAR = 5
LEAST_SIMILARITY = 0.08
FEWEST_OF_DISCIPLINE = 10
SHOWN = 5
"""Stories named as evidence."""


def estimate(text: str, discipline: str, work: DoneWork) -> Estimate | NotEnoughHistory:
    """Hours for a story of this text, rounded to a quarter of an hour."""
    if len(work.stories) < HISTORY_NEEDED:
        return NotEnoughHistory(len(work.stories))
    near = [n for n in work.nearest(text, NEIGHBOURS, discipline) if n.similarity >= LEAST_SIMILARITY]
    shown = tuple(_evidence(n) for n in near[:SHOWN])
    known = past_accuracy(work)
    if len(near) >= FEWEST_SIMILAR:
        return _from([n.story for n in near], [n.similarity for n in near], "similar", shown, known)
    same = [s for s in work.stories if s.discipline == discipline]
    if len(same) >= FEWEST_OF_DISCIPLINE:
        return _from(same, [1.0] * len(same), "discipline", shown, known)
    return _from(work.stories, [1.0] * len(work.stories), "department", shown, known)


def _evidence(near: Neighbour) -> Similar:
    return Similar(near.story.id, near.story.title, _hours(near.story), near.similarity)


def _from(
    stories: Sequence[Story],
    weights: Sequence[float],
    basis: Literal["similar", "discipline", "department"],
    shown: tuple[Similar, ...],
    known: Accuracy,
) -> Estimate:
    middle, spread = _middle([_hours(s) for s in stories], weights)
    low, high = known.ranged(middle, spread)
    return Estimate(_quarter(middle), _quarter(low), _quarter(high), basis, shown, spread=round(spread, 4))


def _middle(hours: Sequence[float], weights: Sequence[float]) -> tuple[float, float]:
    """The median and the spread of weighted hours."""
    low, middle, high = (weighted_quantile(hours, weights, q) for q in (LOW, 0.5, HIGH))
    return max(middle, 0.25), spread_of(low, high)


@lru_cache(maxsize=4)
def past_accuracy(work: DoneWork) -> Accuracy:
    """How far estimates from this history would have been off, each of its stories left out in turn.

    Half a second for a thousand stories, then remembered for as long as the history stays the same.
    """
    stories = work.stories
    return _accuracy(
        work.texts,
        tuple(s.discipline for s in stories),
        tuple(_hours(s) for s in stories),
        tuple(s.epic for s in stories),
    )


@lru_cache(maxsize=8)
def _accuracy(
    texts: tuple[str, ...],
    disciplines: tuple[str, ...],
    hours: tuple[float, ...],
    epics: tuple[str | None, ...],
) -> Accuracy:
    import numpy as np

    if len(texts) < HISTORY_NEEDED:
        return accuracy(())
    likeness = likeness_of(texts, LATEST)
    kinds, actual = np.array(disciplines), np.array(hours)
    of_kind = {kind: np.flatnonzero(kinds == kind) for kind in dict.fromkeys(disciplines)}
    whole = {kind: _middle(actual[own].tolist(), [1.0] * len(own)) for kind, own in of_kind.items()}
    everything = _middle(actual.tolist(), [1.0] * len(actual))
    errors = []
    for row, at in enumerate(range(len(texts) - len(likeness), len(texts))):
        own = of_kind[disciplines[at]]
        found = _without_itself(likeness[row], own[own != at], actual)
        if found is None:
            found = whole[disciplines[at]] if len(own) > FEWEST_OF_DISCIPLINE else everything
        middle, spread = found
        errors.append(Error(epics[at], log(max(actual[at], 0.25) / middle) / spread))
    return accuracy(errors)


def _without_itself(
    likeness: NDArray[np.float64], others: NDArray[np.intp], actual: NDArray[np.float64]
) -> tuple[float, float] | None:
    """Median and spread from the other stories of its kind; None where too few are similar."""
    import numpy as np

    scores = likeness[others]
    nearest = np.argsort(-scores, kind="stable")[:NEIGHBOURS]
    nearest = nearest[scores[nearest] >= LEAST_SIMILARITY]
    if len(nearest) < FEWEST_SIMILAR:
        return None
    return _middle(actual[others[nearest]].tolist(), scores[nearest].tolist())


def _hours(story: Story) -> float:
    return story.actual_hours or 0.0


def _quarter(hours: float) -> float:
    return max(0.25, round(hours * 4) / 4)


def weighted_quantile(values: Sequence[float], weights: Sequence[float], q: float) -> float:
    """The q-quantile of weighted values, linear between the midpoints of their weights."""
    ordered = sorted(zip(values, weights, strict=True))
    total = sum(weight for _, weight in ordered)
    passed, before = 0.0, (0.0, ordered[0][0])
    for value, weight in ordered:
        middle = (passed + weight / 2) / total
        if middle >= q:
            share = (q - before[0]) / (middle - before[0]) if middle > before[0] else 1.0
            return value if before[0] == 0.0 else before[1] + share * (value - before[1])
        passed, before = passed + weight, (middle, value)
    return ordered[-1][0]


def typical_overrun(stories: Sequence[Story]) -> float | None:
    """The median of actual over estimated hours, or None for fewer than five stories with both."""
    ratios = [s.actual_hours / s.estimate_hours for s in stories if s.actual_hours and s.estimate_hours]
    return round(median(ratios), 2) if len(ratios) >= 5 else None
