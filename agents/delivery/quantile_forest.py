"""What an outcome may be, given figures that are known beforehand: a quantile regression forest.

After N. Meinshausen, Quantile Regression Forests (Journal of Machine Learning Research 7, 2006): a forecast
is a weighing of the past outcomes by how often they share a leaf with what is asked about. Newer ones weigh
more. Outcomes are often whole numbers with many ties, so quantiles are those of the mid-distribution (Y. Ma,
M. Genton, E. Parzen, Asymptotic properties of sample quantiles of discrete distributions, 2011), linear in
between: the usual ones would make an interval of 80 % hold more than 80 %.

With few past outcomes, trees have one leaf, and a forecast is their weighted distribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

TREES = 150
LEAST_LEAF = 7
"""Past outcomes in a leaf. Fewer make intervals too narrow, more make them blunt."""
FEATURES_TRIED = 0.5


@dataclass(frozen=True, slots=True)
class Distribution:
    """Different values, ascending, with their probabilities."""

    values: Numbers
    shares: Numbers

    def quantile(self, share: float) -> float:
        """The quantile of the mid-distribution, linear between values."""
        middle = np.cumsum(self.shares) - self.shares / 2
        return float(np.interp(share, middle, self.values))

    def at_least(self, value: float) -> float:
        """The probability of this value or more."""
        return float(self.shares[self.values >= value].sum())


class QuantileForest:
    """A forest over past outcomes, one row of `features` each. `weights` say how much each counts (newer ones
    more). CPU-bound: fitted and asked in a thread. Seeded: the same input gives the same figures.
    """

    def __init__(self, features: Numbers, outcomes: Numbers, weights: Numbers) -> None:
        from sklearn.ensemble import RandomForestRegressor

        self._forest: Any = RandomForestRegressor(
            TREES, min_samples_leaf=LEAST_LEAF, max_features=FEATURES_TRIED, random_state=0
        ).fit(features, outcomes)
        self._leaves: NDArray[np.int64] = self._forest.apply(features)
        self._weights = weights
        self._values, self._at = np.unique(outcomes, return_inverse=True)

    def asked(self, features: Numbers) -> list[Distribution]:
        """What may come of each row of features."""
        return [self._from(leaves) for leaves in self._forest.apply(features)]

    def _from(self, leaves: NDArray[np.int64]) -> Distribution:
        together = (self._leaves == leaves) * self._weights[:, None]
        in_leaf = together.sum(axis=0)
        shares = (together[:, in_leaf > 0] / in_leaf[in_leaf > 0]).mean(axis=1)
        by_value = np.bincount(self._at, weights=shares, minlength=len(self._values))
        kept = by_value > 1e-9
        return Distribution(self._values[kept], by_value[kept] / by_value[kept].sum())


def aged(ages: Numbers, half_life: float) -> Numbers:
    """Weights that halve with each half-life of age."""
    weights: Numbers = 0.5 ** (ages / half_life)
    return weights
