"""What a look says of a service."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from agents.operations.response.health import Level, State, look, state_of
from integrations.deployments import Stage, Target
from integrations.metrics import Answer, CallEdge, Measure, MetricsQuery, Series

USUAL = Level(requests=4_000, failed=0.002, p95=0.120)


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (Level(150, 0.0, 0.118), State.WELL),
        (Level(150, 0.2, 0.118), State.FAILING),
        (Level(150, 0.0, 0.400), State.SLOW),
        (Level(150, 0.2, 0.400), State.FAILING),
        (Level(150, 0.02, 0.120), State.WELL),  # three errors, within what chance does beside two points
        (Level(40, 0.05, 0.120), State.WELL),  # two errors page nobody
        (Level(4, 1.0, 9.0), State.UNKNOWN),
        (Level(0, None, None), State.UNKNOWN),
        (Level(150, None, None), State.UNKNOWN),
        (Level(150, None, 0.118), State.WELL),
        (Level(150, None, 0.190), State.WELL),  # half as much again, and ten milliseconds, are allowed
        (Level(150, None, 0.191), State.SLOW),
    ],
)
def test_a_level_beside_the_usual_one(now: Level, state: State) -> None:
    assert state_of(now, USUAL) is state


def test_without_anything_usual_only_what_is_bad_anywhere_is_failing() -> None:
    unknown = Level(0, None, None)
    assert state_of(Level(150, 0.04, 3.0), unknown) is State.WELL
    assert state_of(Level(150, 0.06, 3.0), unknown) is State.FAILING


NOW = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
TARGET = Target("orders", Stage.PRODUCTION)


class Failing:
    """Ten requests a second; so many of them fail from a minute on until another, before NOW."""

    def __init__(self, *bad: tuple[int, int, float]) -> None:
        self.bad = bad

    async def series(self, query: MetricsQuery) -> Answer:
        values = tuple(map(self._failed, query.times))
        if query.measure is not Measure.FAILED:
            values = tuple(10.0 if query.measure is Measure.REQUESTS else 0.05 for _ in query.times)
        return Answer((Series("", {}, query.times, values, NOW, "made"),), NOW, "made")

    def _failed(self, at: datetime) -> float:
        minutes = (NOW - at) / timedelta(minutes=1)
        return next((much for begin, end, much in self.bad if end <= minutes < begin), 0.0)

    async def call_edges(self, _stage: Stage | None, _start: datetime, _end: datetime) -> Sequence[CallEdge]:
        return ()


def _span(begin: int, end: int) -> tuple[datetime, datetime]:
    return NOW - timedelta(minutes=begin), NOW - timedelta(minutes=end)


async def test_an_incident_before_is_nothing_usual() -> None:
    metrics, since = Failing((30, 20, 2.0), (1, 0, 0.6)), NOW - timedelta(minutes=1)
    assert (await look(metrics, TARGET, since, NOW)).state is State.WELL, "twenty per cent were usual"
    found = await look(metrics, TARGET, since, NOW, (_span(30, 20),))
    assert (found.state, found.usual.failed) == (State.FAILING, 0.0)


async def test_where_nothing_else_is_left_what_was_is_usual() -> None:
    metrics, since = Failing((120, 1, 0.1)), NOW - timedelta(minutes=1)
    found = await look(metrics, TARGET, since, NOW, (_span(120, 0),))
    assert found.usual.failed == pytest.approx(0.01)
