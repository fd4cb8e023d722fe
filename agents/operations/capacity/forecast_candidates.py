"""Ways of forecasting a series with a rhythm, each run at many origins of its past, so that they can be judged.

Every candidate takes the series so far and the origins at which it is asked, and gives an array (origins,
horizon). What it says at an origin uses no value from there on, but for the choice of smoothing constants,
which `smoothed` leaves to its caller's origins by holding each out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_CONSTANTS = np.array(
    list(
        product(
            (0.001, 0.01, 0.05, 0.15, 0.4),
            (0.0, 0.1, 0.25, 0.5, 0.9),
            (0.0, 0.1, 0.3, 0.6),
            (0.0, 0.6, 0.9, 0.97),
        )
    )
)
"""Smoothing of the level, of the short rhythm, of the long one, and how much of the last error stays a step."""

_BEST_CONSTANTS = 20
_RIDGE = 1e-3
_TALLEST = 3.0
"""No candidate on a logarithmic scale says more than this times what was ever seen: it would be an
explosion."""

_WEEKS_OF_TREND = 5
_NEAR_LAGS = 24


@dataclass(frozen=True, slots=True)
class Past:
    """A series with its rhythms. `seen` has NaN where nothing was measured, `filled` has those gaps closed;
    `seasons` are lengths in steps, the shortest first, each a multiple of the one before."""

    seen: Array
    filled: Array
    seasons: tuple[int, ...]
    origins: tuple[int, ...]
    horizon: int

    @property
    def actual(self) -> Array:
        """What came after each origin but the last, which is the present."""
        return np.stack([self.seen[at : at + self.horizon] for at in self.origins[:-1]])


def fill_gaps(seen: Array, seasons: Sequence[int]) -> Array:
    """Each missing value as it was a long season before, else a short one; at the start the first known value.

    Only earlier values are used, so that no origin sees what came after it (the start aside).
    """
    filled = seen.copy()
    known = np.flatnonzero(~np.isnan(seen))
    for at in np.flatnonzero(np.isnan(seen)):
        before = [at - season for season in reversed(seasons) if at >= season]
        filled[at] = filled[before[0]] if before else seen[known[0]]
    return filled


def candidates(past: Past) -> Mapping[str, Array]:
    """What each candidate says at each origin, by its name for people."""
    found = {
        "the same time a day or cycle before": naive(past),
        "smoothing": smoothed(past, _plain),
        "regression on its own past": regressed(past, _plain),
    }
    if float(past.filled.min()) > 0:  # a logarithm needs something to take it of
        found["smoothing in proportion"] = smoothed(past, _LOGARITHM)
        found["regression in proportion"] = regressed(past, _LOGARITHM)
        found["typical cycle with trend"] = trended(past)
    return found


@dataclass(frozen=True, slots=True)
class _Scale:
    to: Callable[[Array], Array]
    back: Callable[[Array, float], Array]


def _exp(values: Array, tallest: float) -> Array:
    return np.exp(np.clip(values, -50.0, np.log(_TALLEST * tallest)))


_plain = _Scale(lambda values: values, lambda values, _tallest: values)
_LOGARITHM = _Scale(np.log, _exp)


def naive(past: Past) -> Array:
    """Seasonal naive: as one short season before."""
    season = past.seasons[0]
    ahead = np.arange(past.horizon) % season
    return np.stack([past.filled[at - season + ahead] for at in past.origins])


def smoothed(past: Past, scale: _Scale) -> Array:
    """Exponential smoothing of a level and up to two rhythms, with an autoregressive error (J. W. Taylor,
    2003): all constants of a grid at once, and at each origin the median of those that were best at the
    others."""
    said = scale.back(_smooth(past, scale.to(past.seen), scale.to(past.filled)), float(past.filled.max()))
    errors = np.nanmean(np.abs(said[:-1] - past.actual[:, None, :]), axis=2)
    others = (errors.sum(axis=0) - errors) / max(len(errors) - 1, 1)
    judged = np.concatenate([others, errors.mean(axis=0)[None]])
    best = np.argsort(judged, axis=1)[:, :_BEST_CONSTANTS]
    return np.stack([np.median(one[chosen], axis=0) for one, chosen in zip(said, best, strict=True)])


def _smooth(past: Past, seen: Array, filled: Array) -> Array:
    """Forecasts of every set of constants at each origin: (origins, constants, horizon)."""
    short, long = past.seasons[0], past.seasons[-1]
    constants = _CONSTANTS if long > short else _CONSTANTS[_CONSTANTS[:, 2] == 0.0]
    of_level, of_short, of_long, stays = constants.T
    begin = filled[: 2 * long].reshape(2, long).mean(axis=0)
    level = np.full(len(constants), begin.mean())
    short_mean = (begin - begin.mean()).reshape(-1, short).mean(axis=0)
    shorts = np.repeat(short_mean[:, None], len(constants), axis=1)
    rest = begin - begin.mean() - np.tile(short_mean, long // short)
    longs = np.repeat(rest[:, None], len(constants), axis=1)
    ahead = np.arange(past.horizon)
    fading = stays[None] ** (ahead[:, None] + 1)
    error, said = np.zeros(len(constants)), []
    for at in range(past.origins[-1] + 1):
        if at in past.origins:
            said.append((level + shorts[(at + ahead) % short] + longs[(at + ahead) % long] + fading * error).T)
        if at == past.origins[-1]:
            break
        if np.isnan(seen[at]):  # nothing is learnt from a gap; what stood out fades
            error = stays * error
            continue
        off = seen[at] - level - shorts[at % short] - longs[at % long]
        news = off - stays * error
        level = level + of_level * news
        shorts[at % short] += of_short * news
        longs[at % long] += of_long * news
        error = off
    return np.array(said)


def regressed(past: Past, scale: _Scale) -> Array:
    """Ridge regression on its own past (the last steps, the same time some cycles ago), carried on step by
    step. Fitted before the first origin for all that are judged, and on everything for the present."""
    values = scale.to(past.filled)
    middle, spread = float(values.mean()), float(values.std()) or 1.0
    known = (values - middle) / spread
    lags = np.array(_lags(past))
    earlier = _ridge(known[: past.origins[0]], lags)
    fits = [earlier] * (len(past.origins) - 1) + [_ridge(known, lags)]
    said = []
    for at, weights in zip(past.origins, fits, strict=True):
        carried = np.concatenate([known[:at], np.zeros(past.horizon)])
        for step in range(at, at + past.horizon):
            carried[step] = np.clip(carried[step - lags] @ weights[:-1] + weights[-1], -10.0, 10.0)
        said.append(carried[at:] * spread + middle)
    return scale.back(np.array(said), float(past.filled.max()))


def _lags(past: Past) -> list[int]:
    short, long = past.seasons[0], past.seasons[-1]
    cycles = {many * short for many in range(1, long // short + 1)}
    around = {short + 1, 2 * short + 1, long - 1, long + 1}
    most = past.origins[0] // 2
    return sorted(lag for lag in {*range(1, min(_NEAR_LAGS, short) + 1), *cycles, *around} if lag <= most)


def _ridge(known: Array, lags: NDArray[np.int64]) -> Array:
    longest = int(lags.max())
    rows = len(known) - longest
    columns = [known[longest - lag : len(known) - lag] for lag in lags]
    design = np.stack([*columns, np.ones(rows)], axis=1)
    held = np.diag([_RIDGE * rows] * len(lags) + [0.0])
    solved: Array = np.linalg.solve(design.T @ design + held, design.T @ known[longest:])
    return solved


def trended(past: Past) -> Array:
    """The median of the last cycles, each by its own mean, on their growth (Theil and Sen's median slope)."""
    cycle = past.seasons[-1]
    ahead = np.arange(past.horizon)
    said = []
    for at in past.origins:
        many = min(_WEEKS_OF_TREND, at // cycle)
        cycles = past.filled[at - many * cycle : at].reshape(many, cycle)
        means = cycles.mean(axis=1)
        logs = np.log(means)
        slopes = [(logs[j] - logs[i]) / (j - i) for i in range(many) for j in range(i + 1, many)]
        slope = float(np.median(slopes))
        middle = float(np.median(logs - slope * np.arange(many)))
        level = np.exp(middle + slope * (many - 0.5 + (ahead + 0.5) / cycle))
        within = np.exp(slope * ((np.arange(cycle) + 0.5) / cycle - 0.5))
        typical = np.median(cycles / (means[:, None] * within), axis=0)
        said.append(level * typical[ahead % cycle])
    return np.array(said)
