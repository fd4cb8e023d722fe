"""From counters as they were scraped to figures over windows: pure computation.

One replica's scrapes are a matrix with a row for each time that it answered, and a column for each series.
A window (t - w, t] is read from the last scrape at or before its beginning to the last one within it, so that
what windows side by side count adds up to what the counter counted. A scrape more than a window older than the
window's beginning does not count for it: there is a gap, and the window begins with its own first scrape.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Bools = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Windows:
    """The scrapes that each window is read from, as places in the times: those of `has_any` have a scrape at
    all, of `has_two` a first and a last one."""

    first: np.ndarray[tuple[int], np.dtype[np.intp]]
    last: np.ndarray[tuple[int], np.dtype[np.intp]]
    inner: np.ndarray[tuple[int], np.dtype[np.intp]]
    has_any: np.ndarray[tuple[int], np.dtype[np.bool_]]
    has_two: np.ndarray[tuple[int], np.dtype[np.bool_]]


def windows(times: Floats, ends: Floats, width: float) -> Windows:
    """Windows of a width that end at each of `ends`, over scrapes at `times` (ascending; seconds)."""
    last = np.searchsorted(times, ends, side="right") - 1
    inner = np.searchsorted(times, ends - width, side="right")
    before = inner - 1
    near = (before >= 0) & (times[np.maximum(before, 0)] > ends - 2 * width) if len(times) else before >= 0
    first = np.where(near, before, inner)
    has_any = inner <= last
    return Windows(first, last, inner, has_any, has_any & (first < last))


def presence(own: Floats, everyone: Floats, ends: Floats, width: float) -> tuple[Floats, Bools]:
    """The share of each window for which a replica was there, and whether it was there at its end.

    `own` are the times at which it was asked, `everyone` those at which any of its service was. Each scrape
    stands for its part of a window, so that replicas that follow each other come to what one of them would.
    """
    mine, window = windows(own, ends, width), windows(everyone, ends, width)
    if not len(own):
        return np.zeros(len(ends)), mine.has_any
    scrapes, of_all = mine.last - mine.inner + 1, window.last - window.inner + 1
    # Of older scrapes each replica has kept one at another time.
    share = np.clip(scrapes / np.maximum(of_all, 1), 0.0, 1.0)
    following = np.minimum(mine.last + 1, len(own) - 1)
    goes_on = (following > mine.last) & (own[following] - own[mine.last] <= width)
    return share, mine.has_any & (goes_on | (own[mine.last] >= everyone[window.last]))


def increases(counters: Floats) -> tuple[Floats, Floats]:
    """How much each counter has counted since the first scrape, and how often it began again, at each scrape.

    A counter that is not there yet is at zero while its replica answers, and one that was there and is not any
    more has begun again.
    """
    filled = np.nan_to_num(counters, nan=0.0)
    steps = np.diff(filled, axis=0)
    again = steps < 0
    counted = np.where(again, filled[1:], steps)
    none = np.zeros((min(len(counters), 1), counters.shape[1]))
    return np.vstack([none, np.cumsum(counted, axis=0)]), np.vstack([none, np.cumsum(again, axis=0)])


def rates(times: Floats, counters: Floats, over: Windows) -> tuple[Floats, Floats]:
    """Each counter's rate per second while its replica was there in each window, and how often it began again
    in it; NaN where the window has no two scrapes, or the counter had not appeared by its end."""
    counted, again = increases(counters)
    result = np.full((len(over.last), counters.shape[1]), np.nan)
    restarts = result.copy()
    two = over.has_two
    if two.any():
        first, last = over.first[two], over.last[two]
        seconds = (times[last] - times[first])[:, None]
        appeared = np.maximum.accumulate(~np.isnan(counters), axis=0)[last]
        result[two] = np.where(appeared, (counted[last] - counted[first]) / seconds, np.nan)
        restarts[two] = np.where(appeared, again[last] - again[first], np.nan)
    return result, restarts


def means(gauges: Floats, over: Windows) -> Floats:
    """Each gauge's mean over the scrapes within each window; NaN where there is none."""
    known = ~np.isnan(gauges)
    zero = np.zeros((1, gauges.shape[1]))
    sums = np.vstack([zero, np.cumsum(np.where(known, gauges, 0.0), axis=0)])
    counts = np.vstack([zero, np.cumsum(known, axis=0)])
    result = np.full((len(over.last), gauges.shape[1]), np.nan)
    some = over.has_any
    if some.any():
        begin, end = over.inner[some], over.last[some] + 1
        with np.errstate(invalid="ignore", divide="ignore"):
            result[some] = (sums[end] - sums[begin]) / (counts[end] - counts[begin])
    return result


def quantile(q: float, bounds: Floats, cumulative: Floats) -> Floats:
    """A quantile of a histogram at each time, as Prometheus' `histogram_quantile` has it: `bounds` are the
    buckets' upper ones, ascending and the last one infinite, `cumulative` (times × bounds) what fell below."""
    result = np.full(len(cumulative), np.nan)
    if len(bounds) < 2 or not np.isinf(bounds[-1]):
        return result
    cumulative = np.maximum.accumulate(cumulative, axis=1)
    total = cumulative[:, -1]
    rank = q * total
    for row in np.flatnonzero(total > 0):
        place = int(np.searchsorted(cumulative[row], rank[row], side="left"))
        if place >= len(bounds) - 1:
            result[row] = bounds[-2]
            continue
        if place == 0 and bounds[0] <= 0:
            result[row] = bounds[0]
            continue
        low, below = (bounds[place - 1], cumulative[row, place - 1]) if place else (0.0, 0.0)
        inside = cumulative[row, place] - below
        result[row] = low + (bounds[place] - low) * (rank[row] - below) / inside
    return result
