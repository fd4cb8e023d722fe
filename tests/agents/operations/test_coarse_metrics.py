"""Metrics whose values are over a minute, whatever the steps, as Prometheus' are by default: what shows in
neighbouring values is evidence only if these share nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from scipy import stats

from agents.operations.burden import Metric
from agents.operations.causes import Unexplained
from agents.operations.findings import Explained, Question
from agents.operations.investigation import investigate
from integrations.deployments import Stage
from integrations.metrics import Measure, Resolution
from tests.agents.operations.recorded_stage import NOW, RecordedStage

TRIES = 50
RARE = 0.01
"""How often by chance a cause may be named where there is none."""
QUARTER, MINUTE = timedelta(seconds=15), timedelta(minutes=1)


@dataclass
class CoarseStage(RecordedStage):
    """Quarters of a minute are drawn, and a value is over the four before it at least."""

    resolution: Resolution = field(default_factory=lambda: Resolution(MINUTE))
    drawn: dict[datetime, Mapping[tuple[str, Measure], float]] = field(default_factory=dict)

    def _window(self, at: datetime, step: float) -> dict[tuple[str, Measure], float]:
        quarters = [at - n * QUARTER for n in range(max(round(step), 60) // 15)]
        for one in quarters:
            if one not in self.drawn:
                self.drawn[one] = super()._window(one, 15)
        over = [self.drawn[one] for one in quarters]
        weights = {name: [one[name, Measure.REQUESTS] for one in over] for name, _ in over[0]}
        return {
            (name, measure): float(
                np.average(
                    [one[name, measure] for one in over],
                    weights=weights[name] if measure is Measure.LATENCY_MEAN else None,
                )
            )
            for name, measure in over[0]
        }


async def _explained(number: int, began: timedelta, lasts: timedelta) -> Explained:
    """What is said of another day, on which payments was slow for so long."""
    now = NOW + timedelta(days=number)
    stage = CoarseStage(
        slower={"payments": 8.0}, began=now - began, ended=now - began + lasts, since=now - timedelta(days=1)
    )
    question = Question((), Stage.PRODUCTION, (Metric.LATENCY,), now - timedelta(minutes=40), now)
    (one,) = (await investigate(stage.ports, question, now)).explained
    return one


def _by_chance() -> int:
    """In no more tries than so many a cause is named by chance, but for one run in a thousand."""
    return int(stats.binom.ppf(0.999, TRIES, RARE))


async def test_a_blip_of_a_quarter_of_a_minute_is_no_evidence() -> None:
    found = [await _explained(n, (20 + n % 40) * QUARTER, QUARTER) for n in range(TRIES)]
    assert sum(one.first is not None for one in found) <= _by_chance()
    seen = [one.explanation.unexplained is Unexplained.ONE_WINDOW for one in found]
    assert sum(seen) > TRIES * 0.9, "it is seen, and said to be one window"


async def test_where_nothing_is_wrong_nobody_is_named() -> None:
    found = [await _explained(n, 20 * QUARTER, timedelta(0)) for n in range(TRIES)]
    assert sum(one.first is not None for one in found) <= _by_chance()


async def test_what_lasts_is_found_all_the_same() -> None:
    found = [await _explained(n, (20 + n % 40) * QUARTER, 4 * MINUTE) for n in range(30)]
    assert {one.first and one.first.service for one in found} == {"payments"}
