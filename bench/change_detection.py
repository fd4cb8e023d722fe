"""Changes in one series, found while it streams: a score for each value from what came before it alone.

Three views measure how far a value is from the past: the distance of the last `pattern` values to their nearest
neighbours (a known daily rise is near, a new shape is far), the deviation from an exponentially weighted mean,
and the distance of a short mean from a long median. The size of each is turned into a **record score**:
-log10 of the share of its own past that was as extreme, plus log2 of the excess over the record. So nothing is
assumed of a distribution, and the scores do not change when the series is shifted or scaled. Their weighted
mean is held against one threshold.

After an alarm comes a cool-down: what lasts is not told again, what grows much worse is. Its length is a share
of the values seen, within bounds: a detector that has seen little must not be silent for long.

What it does not see: a series that freezes at one of its usual values, and a first rise within the warm-up.

The views are after Burnaev and Ishimtsev, "Conformalized density- and distance-based anomaly detection in
time-series data" (2016), and the windowed detectors of the Numenta Anomaly Benchmark (Lavin and Ahmad, 2015).
`bench/detection.py` measures them. As measured, 0.6 to 1.7 of 1,000 values of healthy series alarm: too many
to page by, and no evidence of a cause. So the product does without, and looks for episodes at a known rate of
false alarms instead (`agents/operations/episodes.py`).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass
from math import isfinite, log2, log10, sqrt

import numpy as np

# Of what was seen since the beginning, the share that a size is compared with; never more than the history.
_REMEMBERED = 0.75
# The running distances are computed afresh after so many values, for rounding errors add up.
_RECOMPUTED_AFTER = 64
# Distances below this share of the values' own size are rounding errors, and no distance.
_PATTERN_ROUNDING = 1e-6
_ROUNDING = 1e-9
# An excess over a record of nothing (a constant series that moves) counts as a doubling.
_FIRST_MOVE = 1.0
# Larger numbers are no measurement, and their squares would not be finite.
_LARGEST = 1e100
# A long median of fewer values is none.
_LEAST_LONG = 40


@dataclass(frozen=True, slots=True)
class ChangeSetting:
    """How changes are looked for. Lengths are numbers of values, so the caller's interval gives them a time.

    `history` bounds the memory: values, and past sizes of each view, that a new one is compared with.
    `warm_up` is how many past sizes a view needs before it speaks. `threshold` is the mean record score that
    alarms. Within a cool-down only a record score above the alarm's own by `escalation` alarms again.
    A gap of more than `bridged` missing values breaks the pattern, which then waits until it is full again.

    Raises ValueError for lengths that do not fit together.
    """

    pattern: int = 19
    neighbours: int = 5
    pattern_weight: float = 2.0
    smoothing: float = 0.2
    short: int = 40
    long: int = 1000
    history: int = 4000
    warm_up: int = 60
    threshold: float = 1.7
    cool_down_share: float = 0.04
    cool_down_least: int = 30
    cool_down_most: int = 300
    escalation: float = 2.0
    bridged: int = 3

    def __post_init__(self) -> None:
        if not 2 <= self.pattern <= self.history // 4 or not 1 <= self.neighbours <= self.history // 4:
            raise ValueError("pattern and neighbours are to be a small part of the history")
        if not 1 <= self.short < self.long or not 0 < self.smoothing <= 1:
            raise ValueError("short is to be below long, and smoothing within (0, 1]")
        if not 0 < self.cool_down_least <= self.cool_down_most or not 0 <= self.cool_down_share < 1:
            raise ValueError("the cool-down's bounds are to be positive and in order, its share within [0, 1)")
        if self.threshold <= 0 or self.escalation < 0 or self.warm_up < 1 or self.bridged < 0:
            raise ValueError("threshold and warm_up are to be positive, escalation and bridged not negative")


@dataclass(frozen=True, slots=True)
class Reading:
    """What one value said. `score` is within [0, 1], an alarm from .5 on; None if nothing can be said: the
    value is missing, or too little came before it. The rest are the views' record scores, as evidence."""

    score: float | None
    is_alarm: bool
    pattern: float
    deviation: float
    level: float


_NOTHING = Reading(score=None, is_alarm=False, pattern=0.0, deviation=0.0, level=0.0)


class ChangeDetector:
    """One series' state. Its memory is bounded by the setting; it never looks ahead."""

    def __init__(self, setting: ChangeSetting) -> None:
        self.setting = setting
        self._nearest = _NearestPatterns(setting)
        self._records = tuple(_Record(setting) for _ in range(3))
        self._recent: deque[float] = deque(maxlen=setting.short)
        self._long = _SortedWindow(setting.long)
        self._mean: float | None = None
        self._origin = 0.0
        self._seen = 0
        self._missing = 0
        self._quiet = 0
        self._alarmed_at = 0.0

    def update(self, value: float | None) -> Reading:
        """Take the next value of an evenly spaced series; None, NaN, infinity and what is beyond
        1e100 say that it is missing.

        A missing value is no sign of health: its reading has no score. Time goes on all the same.
        """
        self._quiet = max(0, self._quiet - 1)
        if value is None or not isfinite(value) or abs(value) > _LARGEST:
            self._missing += 1
            return _NOTHING
        if not self._seen:
            self._origin = value
        if self._missing > self.setting.bridged:
            self._nearest.break_off()
        self._missing = 0
        self._seen += 1
        sizes = self._sizes(value - self._origin)
        pattern, deviation, level = (
            record.score(size) for record, size in zip(self._records, sizes, strict=True)
        )
        if not self._records[1].is_warm:
            return _NOTHING
        weight = self.setting.pattern_weight
        return self._judge((weight * pattern + deviation + level) / (weight + 2), pattern, deviation, level)

    def _sizes(self, value: float) -> tuple[float | None, float | None, float | None]:
        """How far the value is from the past in each view; None where that cannot be said yet."""
        nearest = self._nearest.distance(value)
        before = self._mean
        deviation = None if before is None else _size(value, before)
        self._mean = value if before is None else before + self.setting.smoothing * (value - before)
        self._recent.append(value)
        self._long.push(value)
        if len(self._recent) < self.setting.short or len(self._long.sorted) < _LEAST_LONG:
            return nearest, deviation, None
        return nearest, deviation, _size(sum(self._recent) / len(self._recent), self._long.median())

    def _judge(self, strength: float, pattern: float, deviation: float, level: float) -> Reading:
        """Hold the mean record score against the threshold, and begin or keep to a cool-down."""
        setting = self.setting
        score = strength / (strength + setting.threshold)
        is_known = self._quiet > 0 and strength < self._alarmed_at + setting.escalation
        is_alarm = strength >= setting.threshold and not is_known
        if is_alarm:
            share = int(setting.cool_down_share * self._seen)
            self._quiet = min(setting.cool_down_most, max(setting.cool_down_least, share))
            self._alarmed_at = strength
        # Halved, a score stays below the alarm and keeps its order.
        return Reading(score / 2 if is_known else score, is_alarm, pattern, deviation, level)


class _SortedWindow:
    """The last `length` numbers, sorted."""

    def __init__(self, length: int) -> None:
        self.sorted = array("d")
        self._order: deque[float] = deque()
        self._length = length

    def push(self, value: float) -> None:
        insort(self.sorted, value)
        self._order.append(value)
        self.keep(self._length)

    def keep(self, count: int) -> None:
        """Drop the oldest above so many."""
        while len(self._order) > count:
            self.sorted.pop(bisect_left(self.sorted, self._order.popleft()))

    def median(self) -> float:
        count = len(self.sorted)
        return (self.sorted[(count - 1) // 2] + self.sorted[count // 2]) / 2


class _Record:
    """How extreme a size is among its own past.

    Of the past, the first quarter does not count: what was measured when little was known (no second day to
    hold the first one against) is large, and would hide later records for as long as it is remembered.
    """

    def __init__(self, setting: ChangeSetting) -> None:
        self._past = _SortedWindow(setting.history)
        self._warm_up = setting.warm_up
        self._seen = 0

    @property
    def is_warm(self) -> bool:
        return len(self._past.sorted) > self._warm_up

    def score(self, size: float | None) -> float:
        """-log10 of the share of the past that was as extreme, and log2 of the excess over the record."""
        if size is None:
            return 0.0
        past = self._past.sorted
        count = len(past)
        score = 0.0
        if count >= self._warm_up:
            score = -log10((count - bisect_left(past, size) + 1) / (count + 1))
            if size > past[-1]:
                score += log2(size / past[-1]) if past[-1] > 0 else _FIRST_MOVE
        self._past.push(size)
        self._seen += 1
        self._past.keep(max(2 * self._warm_up, int(_REMEMBERED * self._seen)))
        return score


class _NearestPatterns:
    """The distance of the last `pattern` values to the nearest of the earlier patterns.

    Squared distances to all earlier patterns are carried along: when a value comes, each gains the square of
    one difference and loses another (the diagonals of a matrix profile: Yeh et al., "Matrix Profile I", 2016),
    so that a value costs O(history). Patterns that share a value with the last one are its trivial matches, and
    do not count.
    """

    def __init__(self, setting: ChangeSetting) -> None:
        self._pattern = setting.pattern
        self._neighbours = setting.neighbours
        self._kept = setting.history + setting.pattern
        self._values = np.zeros(2 * self._kept)
        self._count = 0
        # One for each earlier pattern, by its last value, oldest first.
        self._squares = np.zeros(0)
        self._until_recomputed = 0
        self._unbroken = 0

    def break_off(self) -> None:
        """The next value does not follow on from the last."""
        self._unbroken = 0

    def distance(self, value: float) -> float | None:
        """Take a value. The root mean square distance to the neighbours; None if too few, or after a gap."""
        self._append(value)
        self._unbroken += 1
        if self._count <= self._pattern:
            return None
        self._update_squares()
        candidates = self._squares[: max(0, len(self._squares) - self._pattern)]
        if len(candidates) <= self._neighbours or self._unbroken < self._pattern:
            return None
        nearest = np.partition(candidates, self._neighbours)[: self._neighbours]
        distance = sqrt(max(0.0, float(nearest.mean())))
        last = self._values[self._count - self._pattern : self._count]
        return 0.0 if distance <= _PATTERN_ROUNDING * float(np.abs(last).max()) else distance

    def _append(self, value: float) -> None:
        if self._count == len(self._values):
            self._values[: self._kept] = self._values[-self._kept :]
            self._count = self._kept
        self._values[self._count] = value
        self._count += 1

    def _update_squares(self) -> None:
        length, last = self._pattern, self._count - 1
        self._until_recomputed -= 1
        if self._until_recomputed <= 0:
            begin = max(0, self._count - self._kept)
            patterns = np.lib.stride_tricks.sliding_window_view(self._values[begin : self._count], length)
            self._squares = ((patterns[:-1] - patterns[-1]) ** 2).sum(axis=1)
            self._until_recomputed = _RECOMPUTED_AFTER
            return
        # The pattern that ends at `last - 1` with each that ended before it, moved on by one.
        begin = last - len(self._squares)
        came = self._values[begin:last] - self._values[last]
        went = self._values[begin - length : last - length] - self._values[last - length]
        self._squares = self._squares + came * came - went * went
        if len(self._squares) < self._kept - length:
            # Nothing falls out of a history that is not full: its oldest pattern has no forerunner.
            oldest = self._values[begin - length : begin] - self._values[last - length + 1 : self._count]
            self._squares = np.concatenate(([float(oldest @ oldest)], self._squares))


def _size(value: float, other: float) -> float:
    """The distance of two numbers; nothing where it is a rounding error."""
    size = abs(value - other)
    return 0.0 if size <= _ROUNDING * max(abs(value), abs(other)) else size
