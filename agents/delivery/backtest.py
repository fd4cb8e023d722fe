"""How forecasts of velocity would have done: the last sprints foretold anew, from what was known before them.

The last TESTED sprints of each team are foretold in BLOCKS, each from rows whose outcome was known before the
first of the block was asked about, and compared with what was done. Beside it stands the simplest forecast: as
much as in the mean of the three sprints before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean

from agents.delivery.sprints import Series
from agents.delivery.velocity import FEWEST, Fan, Row, fans_of, past_rows, shown, steps_to_next

TESTED, BLOCKS = 12, 4
FEWEST_TO_JUDGE = 6
"""Forecasts under which their hits say nothing."""
MEANT = 0.8
"""The share of outcomes that a fan is meant to hold."""


@dataclass(frozen=True, slots=True)
class Tested:
    """One sprint that was foretold anew."""

    fan: Fan
    done: float
    naive: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """`within` of the `tested` outcomes lay in their fan; the mean absolute errors are of the fan's middle, and
    of the mean of the three sprints before."""

    tested: int
    within: int
    error: float
    naive_error: float

    @property
    def is_enough(self) -> bool:
        """Whether there are enough to say anything of it."""
        return self.tested >= FEWEST_TO_JUDGE

    @property
    def expected(self) -> tuple[int, int]:
        """The fewest and most hits that are no surprise (nineteen of twenty times) if the fan is right."""
        from scipy.stats import binom

        low, high = binom.interval(0.95, self.tested, MEANT)
        return int(low), int(high)


@lru_cache(maxsize=16)
def backtests(every: tuple[Series, ...]) -> Mapping[str, Backtest]:
    """By team; of a team without sprints to test, nothing. CPU-bound (a second or two, then remembered): call
    it in a thread."""
    found: dict[str, list[Tested]] = {}
    learnt = [row for one in every for row in past_rows(one, steps_to_next(one))]
    for block in range(BLOCKS):
        asked = [(one, at, row) for one in every for at, row in _of_block(one, block)]
        if not asked:
            continue
        now = min(row.known for _, _, row in asked)
        fans = fans_of([row for row in learnt if row.until <= now], [row for _, _, row in asked])
        for (one, at, _), fan in zip(asked, fans or (), strict=False):
            step = steps_to_next(one)
            before = [past.done for past in one.ended[: at - step + 1]]
            tested = Tested(shown(fan), one.ended[at].done, fmean(before[-3:]))
            found.setdefault(one.team, []).append(tested)
    return {team: judged(tested) for team, tested in found.items()}


def judged(tested: Sequence[Tested]) -> Backtest:
    """What came of these forecasts."""
    return Backtest(
        len(tested),
        sum(one.fan.has(one.done) for one in tested),
        fmean(abs(one.fan.middle - one.done) for one in tested),
        fmean(abs(one.naive - one.done) for one in tested),
    )


def _of_block(one: Series, block: int) -> list[tuple[int, Row]]:
    """The block's sprints among those that are over, by their place, each with what was known of it."""
    step = steps_to_next(one)
    rows = list(enumerate(past_rows(one, step), FEWEST + step - 1))
    tested = rows[-TESTED:]
    size = -(-TESTED // BLOCKS)
    ends = len(tested) - (BLOCKS - 1 - block) * size
    return tested[max(ends - size, 0) : max(ends, 0)]
