"""How far estimates were off: every done story estimated anew without itself, against what it took.

The error of an estimate is measured in its own spread: the logarithm of actual over median hours, divided by
how far apart the hours of similar stories lie. Its quantiles over the department's past make the ranges of
new estimates (so a range of 10 to 90 held eight of ten done stories), and the hours that simulated runs draw.
Stories of one epic tend to err alike; as strongly as they did so far, the stories of a simulated run do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

LATEST = 1500
"""As many of the latest done stories are estimated anew; more take seconds and change little."""
FEWEST = 20
"""Errors under which a bell curve is taken instead of their own quantiles."""
LOW, HIGH = 0.1, 0.9
NARROWEST = 0.05
"""The least spread: hours are written down in quarters."""
_TEN_TO_NINETY = 2.563
"""Standard deviations between the 10th and the 90th percentile of a bell curve."""
_MOST_ALIKE = 0.6
_GRID = np.linspace(0.005, 0.995, 100)


@dataclass(frozen=True, slots=True)
class Error:
    """One done story: its epic, and by how many spreads it took longer (or, under 0, shorter)."""

    epic: str | None
    spreads: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """`errors` are quantiles of errors at 100 evenly spaced shares; `alike` is how strongly the errors of an
    epic's stories go together, 0 to 1. `covered` is the share of the `tested` done stories that fell into
    the range of their estimate, with ranges made from the other half of them; None if there were too few.
    """

    errors: tuple[float, ...]
    alike: float
    covered: float | None
    tested: int

    def quantile(self, share: float) -> float:
        """The error, in spreads, that this share of stories stayed under."""
        return float(np.interp(share, _GRID, self.errors))

    def ranged(self, median: float, spread: float) -> tuple[float, float]:
        """The 10th and the 90th percentile of the hours behind an estimate."""
        low, high = (median * exp(spread * self.quantile(share)) for share in (LOW, HIGH))
        return min(low, median), max(high, median)

    def drawn(
        self, medians: Sequence[float], spreads: Sequence[float], runs: int, chance: Generator
    ) -> NDArray[np.float64]:
        """Hours of stories in simulated runs, one row a story; all that a run draws errs alike."""
        from scipy.special import ndtr

        common = chance.standard_normal(runs)
        own = chance.standard_normal((len(medians), runs))
        shares = ndtr(np.sqrt(self.alike) * common + np.sqrt(1 - self.alike) * own)
        errors = np.interp(shares, _GRID, self.errors)
        hours: NDArray[np.float64] = np.array(medians)[:, None] * np.exp(np.array(spreads)[:, None] * errors)
        return hours


def spread_of(low: float, high: float) -> float:
    """The spread of hours whose 10th and 90th percentiles these are."""
    return max(NARROWEST, log(max(high, 0.01) / max(low, 0.01)) / _TEN_TO_NINETY)


def accuracy(errors: Sequence[Error]) -> Accuracy:
    """What past errors say of new estimates; a bell curve where there are too few of them."""
    from scipy.special import ndtri

    found = np.clip(np.array([error.spreads for error in errors]), -8, 8)
    if len(found) < FEWEST:
        return Accuracy(tuple(float(x) for x in ndtri(_GRID)), 0.0, None, len(found))
    quantiles = np.quantile(found, _GRID)
    halves = (found[0::2], found[1::2])
    inside = sum(
        int(((mine >= np.quantile(other, LOW)) & (mine <= np.quantile(other, HIGH))).sum())
        for mine, other in (halves, halves[::-1])
    )
    return Accuracy(
        tuple(float(x) for x in quantiles), _alike(errors, found), round(inside / len(found), 3), len(found)
    )


def _alike(errors: Sequence[Error], found: NDArray[np.float64]) -> float:
    """The mean product of two stories' errors of the same epic, as normal scores: a correlation."""
    from scipy.special import ndtri

    ranks = (np.argsort(np.argsort(found)) + 0.5) / len(found)
    scores = ndtri(ranks)
    by_epic: defaultdict[str, list[float]] = defaultdict(list)
    for error, score in zip(errors, scores, strict=True):
        if error.epic is not None:
            by_epic[error.epic].append(float(score))
    pairs = sum(len(own) * (len(own) - 1) for own in by_epic.values())
    if not pairs:
        return 0.0
    products = sum(sum(own) ** 2 - sum(one * one for one in own) for own in by_epic.values())
    return round(min(_MOST_ALIKE, max(0.0, products / pairs)), 4)
