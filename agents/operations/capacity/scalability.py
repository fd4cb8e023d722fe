"""How throughput follows load or replicas: the universal scalability law, fitted to what was measured.

X(N) = gamma N / (1 + alpha (N - 1) + beta N (N - 1)): gamma is the throughput of one, alpha the share that
waits for what is used by one at a time (contention), beta the cost of every pair agreeing (coherency). With
beta > 0 there is a peak at sqrt((1 - alpha) / beta), after which more load brings less.

N. J. Gunther, Guerrilla Capacity Planning, 2007, chapters 4 to 6. The peak's interval is the profile of the sum
of squares (Bates and Watts, Nonlinear Regression Analysis, 1988, section 6.1), for the peak's place is far from
normal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, sqrt

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
FEWEST_LOADS = 4
"""Three coefficients, and one more to tell how far off they are."""

_FURTHEST = 1e6
_EXACT = 1e-12
"""The least share of the squares that counts as not explained: figures that fit exactly have an interval
too."""

Array = NDArray[np.float64]


class TooFewLoads(ValueError):
    """The law cannot be fitted to so little. The text says what is missing."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient with its standard error and the ends of its 95 % interval, none below zero. At zero the
    error says little, for the value is held there."""

    value: float
    error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ThroughputPeak:
    """Where the fit puts the peak: the load, the ends of its 95 % interval (`high` may be infinite) and the
    throughput there."""

    load: float
    low: float
    high: float
    throughput: float


@dataclass(frozen=True, slots=True)
class Scalability:
    """A fitted law. `least` and `most` are the ends of the loads that were measured; outside of them what it
    says is extrapolated. `fitted_peak` is None where the fit has none; `peak` is the one that counts."""

    alpha: Coefficient
    beta: Coefficient
    gamma: Coefficient
    least: float
    most: float
    points: int
    fitted_peak: ThroughputPeak | None

    @property
    def peak(self) -> ThroughputPeak | None:
        """The peak, if it was found in the measured range: its whole interval lies within it."""
        found = self.fitted_peak
        return found if found and self.least <= found.low and found.high <= self.most else None

    @property
    def ceiling(self) -> float:
        """The throughput that is never passed: at the fitted peak, or what contention alone leaves; infinite
        where the fit has neither."""
        if self.fitted_peak is not None:
            return self.fitted_peak.throughput
        return self.gamma.value / self.alpha.value if self.alpha.value > 0 else inf

    def throughput(self, load: float) -> float:
        """What the law gives at a load."""
        return float(_law(np.array([load]), self.alpha.value, self.beta.value, self.gamma.value)[0])

    def load_for(self, throughput: float) -> float | None:
        """The least load at which that much comes through; None where none does."""

        from scipy.optimize import brentq

        top = self.fitted_peak.load if self.fitted_peak else _FURTHEST * self.most
        if throughput > self.throughput(top):
            return None
        if throughput <= self.throughput(1.0):
            return 1.0
        return float(brentq(lambda load: self.throughput(load) - throughput, 1.0, top))

    def says(self) -> str:
        """Where the peak is, in words, and what is not known of it."""
        if self.points == 1:
            return f"Only {self.most:g} was measured: that more brings as much more is assumed, not seen."
        within = f"in the measured range, {self.least:g} to {self.most:g}"
        found = self.fitted_peak
        if self.peak is not None:
            return f"The peak is at {self.peak.load:.4g} (95 %: {self.peak.low:.3g} to {self.peak.high:.3g})."
        if found is None:
            return f"No peak found {within}: throughput still grows at its end."
        end = f"{found.high:.3g}" if isfinite(found.high) else "without end"
        return (
            f"No peak found {within}: the fit would put one at {found.load:.3g}, but it may lie anywhere from"
            f" {found.low:.3g} to {end}. Measure higher loads."
        )


def fit_scalability(measured: Sequence[tuple[float, float]]) -> Scalability:
    """Fit the law to pairs (load, throughput): users, or replicas, from 1 on. Raises TooFewLoads; ValueError
    for loads below one and for figures that are no finite numbers above zero."""

    from scipy.optimize import curve_fit

    points = np.array(measured, dtype=np.float64).reshape(-1, 2)
    if not np.all(np.isfinite(points)) or np.any(points[:, 0] < 1) or np.any(points[:, 1] <= 0):
        raise ValueError("a load is a number from 1 on, a throughput one above zero")
    loads, throughputs = points[:, 0], points[:, 1]
    if (different := len(np.unique(loads))) < FEWEST_LOADS:
        raise TooFewLoads(
            f"Scalability takes {FEWEST_LOADS} different loads to tell; {different} were measured."
        )
    one = float(np.max(throughputs / loads))
    values, covariance = curve_fit(
        _law, loads, throughputs, p0=(0.01, 1e-4, one), bounds=(0, inf), x_scale=(0.01, 1e-4, one)
    )
    alpha, beta, gamma = _coefficients(values, covariance, len(loads) - 3)
    return Scalability(
        alpha=alpha,
        beta=beta,
        gamma=gamma,
        least=float(loads.min()),
        most=float(loads.max()),
        points=len(loads),
        fitted_peak=_peak(loads, throughputs, values),
    )


def proportional(load: float, throughput: float) -> Scalability:
    """What one measurement gives if more brings as much more, which is the best that can be and is not seen.
    Raises ValueError for figures that are no finite numbers above zero."""
    if not (0 < load < inf and 0 < throughput < inf):
        raise ValueError("a load and a throughput are finite numbers above zero")
    none = Coefficient(0.0, 0.0, 0.0, inf)
    one = throughput / load
    return Scalability(none, none, Coefficient(one, 0.0, 0.0, one), load, load, 1, None)


def _law(load: Array, alpha: float, beta: float, gamma: float) -> Array:
    return np.asarray(gamma * load / (1 + alpha * (load - 1) + beta * load * (load - 1)))


def _coefficients(values: Array, covariance: Array, degrees: int) -> list[Coefficient]:
    from scipy.stats import t as t_distribution

    errors = np.sqrt(np.diag(covariance))
    reach = float(t_distribution.ppf((1 + CONFIDENCE) / 2, degrees)) * errors
    return [
        Coefficient(float(value), float(error), max(float(value - far), 0.0), float(value + far))
        for value, error, far in zip(values, errors, reach, strict=True)
    ]


def _peak(loads: Array, throughputs: Array, values: Array) -> ThroughputPeak | None:
    from scipy.optimize import brentq
    from scipy.stats import f as f_distribution

    alpha, beta, gamma = (float(value) for value in values)
    furthest = _FURTHEST * float(loads.max())
    load = max(sqrt(max(1 - alpha, 0.0) / beta), 1.0) if beta > 0 else inf
    if load >= furthest / 100:  # held at zero, but for the search's last step
        return None
    left = _squares(loads, throughputs, load, alpha, gamma)
    degrees = len(loads) - 3
    allowed = max(left, _EXACT * float(np.sum(throughputs**2)))
    allowed *= 1 + float(f_distribution.ppf(CONFIDENCE, 1, degrees)) / degrees

    def over(at: float) -> float:
        return _squares(loads, throughputs, float(np.exp(at)), alpha, gamma) - allowed

    here, far = float(np.log(load)), float(np.log(furthest))
    low = 1.0 if over(0.0) <= 0 else float(np.exp(brentq(over, 0.0, here, xtol=1e-6)))
    high = inf if over(far) <= 0 else float(np.exp(brentq(over, here, far, xtol=1e-6)))
    return ThroughputPeak(load, low, high, float(_law(np.array([load]), alpha, beta, gamma)[0]))


def _squares(loads: Array, throughputs: Array, peak: float, alpha: float, gamma: float) -> float:
    """The least sum of squares of all laws with their peak at this load."""

    from scipy.optimize import least_squares

    def off(free: Array) -> Array:
        return _law(loads, free[0], (1 - free[0]) / peak**2, free[1]) - throughputs

    begin = (min(max(alpha, 1e-6), 1 - 1e-6), gamma)
    found = least_squares(off, begin, bounds=((0, 0), (1, inf)), x_scale=(0.01, gamma))
    return 2 * float(found.cost)
