"""Agent-hours of a new story, from what similar done stories took.

The figures are weighted quantiles of the actual hours of the most similar done stories of the same
discipline, each weighted by its similarity (Hyndman and Fan's midpoint rule). Where too few are
similar, they are quantiles of the discipline's, or of the whole department's, done stories.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Literal

from agents.planning.draft import HISTORY_NEEDED, Estimate, NotEnoughHistory, Similar
from agents.planning.history import DoneWork, Neighbour
from integrations.tracker import Story

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
    if len(near) >= FEWEST_SIMILAR:
        return _from([n.story for n in near], [n.similarity for n in near], "similar", shown)
    same = [s for s in work.stories if s.discipline == discipline]
    if len(same) >= FEWEST_OF_DISCIPLINE:
        return _from(same, [1.0] * len(same), "discipline", shown)
    return _from(work.stories, [1.0] * len(work.stories), "department", shown)


def _evidence(near: Neighbour) -> Similar:
    return Similar(near.story.id, near.story.title, _hours(near.story), near.similarity)


def _from(
    stories: Sequence[Story],
    weights: Sequence[float],
    basis: Literal["similar", "discipline", "department"],
    shown: tuple[Similar, ...],
) -> Estimate:
    low, middle, high = (weighted_quantile([_hours(s) for s in stories], weights, q) for q in (0.1, 0.5, 0.9))
    return Estimate(_quarter(middle), _quarter(low), _quarter(high), basis, shown)


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
