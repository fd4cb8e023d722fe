"""When it began: the windows in which a service was worse than in its normal period.

A window counts for an episode by how many deviations its excess lies beyond what the whole search would reach
by chance, and against it below; both are bounded, so that no window outweighs its neighbours. An episode is a
run of windows whose counts add up to the most (the maximal scoring segments of Ruzzo and Tompa, "A linear time
algorithm for finding all maximal scoring subsequences", 1999, found greedily): short lulls lie within one. Of
several the one that added the most is meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from agents.operations.burden import LEAST_NORMAL, Mask, Metric, Series, System
from agents.operations.causes import FALSE_ALARMS, excess_of

_GUARD = 1
"""Windows before an episode that are not normal either: it may have begun within one."""


@dataclass(frozen=True, slots=True, eq=False)
class Episode:
    """The windows from `first` to the one before `after`, what the target added in them, and the normal period
    that they are held against: the windows before it in which it was not worse. `lasts` says that two windows
    running are beyond chance."""

    first: int
    after: int
    added: float
    lasts: bool
    normal: Mask

    @property
    def windows(self) -> Mask:
        """Which windows it consists of."""
        numbers = np.arange(len(self.normal))
        return (numbers >= self.first) & (numbers < self.after)


def find_episode(
    system: System, target: str, metric: Metric, searched: Mask, *, candidates: int = 1
) -> Episode | None:
    """The worst episode of `target` that lies in the searched windows, at least in part; None where there is
    none beyond what chance would bring to one of so many `candidates`."""
    normal = normal_period(system, target, metric, searched)
    if not normal.any():
        return None
    after_it = np.arange(len(searched)) > np.flatnonzero(normal)[-1]
    found = list(_episodes(system, target, metric, normal, after_it, candidates))
    within = [one for one in found if bool((one.windows & searched).any())]
    if not within:
        return None
    return _held_against(max(within, key=lambda one: (one.lasts, one.added)), found)


def normal_period(system: System, target: str, metric: Metric, searched: Mask) -> Mask:
    """The windows that a target is held against to find an episode: the first half of what was measured before
    the searched ones, for it may have begun before it was noticed; where that is too short, all of it or else
    the first third of all that was measured. None at all where nothing would be left to compare."""
    service = system.services[target]
    level = service.latency if metric is Metric.LATENCY else service.failed
    mask: Mask = np.zeros(len(searched), dtype=bool)
    if level is None or not searched.any():
        return mask
    measured = np.flatnonzero(np.isfinite(level) & (service.requests > 0))
    before = measured[measured < np.flatnonzero(searched)[0]]
    enough = [
        portion
        for portion in (before[: len(before) // 2], before, measured[: max(LEAST_NORMAL, len(measured) // 3)])
        if LEAST_NORMAL <= len(portion) < len(measured)
    ]
    if enough:
        mask[enough[0]] = True
    return mask


def _episodes(
    system: System, target: str, metric: Metric, normal: Mask, where: Mask, candidates: int
) -> Iterator[Episode]:
    from scipy import stats

    excess, z = excess_of(system, target, metric, normal)
    degrees = int(normal.sum()) - 1
    tried = max(int(where.sum()) - 1, 1) * candidates
    beyond = float(stats.t.isf((FALSE_ALARMS / tried) ** 0.5, degrees))
    alone = float(stats.t.isf(FALSE_ALARMS / tried, degrees))
    counts = np.where(where, np.nan_to_num(np.clip(z - beyond, -beyond, beyond), nan=0.0), -np.inf)
    for first, after in _segments(counts):
        within = z[first:after]
        lasts = bool(((within[:-1] > beyond) & (within[1:] > beyond)).any())
        if lasts or bool((within > alone).any()):
            added = float(np.nansum(np.maximum(excess[first:after], 0.0)))
            yield Episode(first, after, added, lasts, normal)


def _segments(counts: Series) -> Iterator[tuple[int, int]]:
    """Runs that begin with a count above zero and end where their sum is greatest, from left to right."""
    place = 0
    while place < len(counts):
        if counts[place] <= 0:
            place += 1
            continue
        sums = np.cumsum(counts[place:])
        spent = np.flatnonzero(sums <= 0)
        until = int(spent[0]) if len(spent) else len(sums)
        after = place + int(np.argmax(sums[:until])) + 1
        yield place, after
        place = after


def _held_against(worst: Episode, found: list[Episode]) -> Episode:
    """With all that was measured before it as the normal period, but for other episodes and the windows just
    before one."""
    numbers = np.arange(len(worst.normal))
    normal = numbers < worst.first - _GUARD
    for one in found:
        normal &= (numbers < one.first - _GUARD) | (numbers >= one.after + _GUARD)
    return Episode(worst.first, worst.after, worst.added, worst.lasts, normal | worst.normal)
