"""Whether a team gets faster or slower: Kendall's tau over its sprints, and Theil and Sen's slope.

M. Kendall, A New Measure of Rank Correlation (1938); P. Sen, Estimates of the Regression Coefficient Based on
Kendall's Tau (1968). Neither is led astray by one odd sprint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

FEWEST = 6
"""Sprints under which no trend is told."""
SURE = 0.1
"""The probability of so strong a trend by chance from which on none is told."""


@dataclass(frozen=True, slots=True)
class Trend:
    """`slope` is by how much more is done each sprint, `chance` how likely so strong a trend is by chance."""

    way: Literal["up", "down", "none", "unknown"]
    slope: float
    chance: float
    sprints: int


def trend_of(done: Sequence[float]) -> Trend:
    """The trend of what was done sprint by sprint, oldest first."""
    from scipy.stats import kendalltau, theilslopes

    if len(done) < FEWEST or len(set(done)) < 2:
        return Trend("unknown" if len(done) < FEWEST else "none", 0.0, 1.0, len(done))
    places = range(len(done))
    chance = float(kendalltau(places, done).pvalue)
    slope = float(theilslopes(done, places).slope)
    way: Literal["up", "down", "none"] = "none"
    if chance < SURE and slope:
        way = "up" if slope > 0 else "down"
    return Trend(way, slope, chance, len(done))
