"""What was measured of a service: the share of its pool that was in use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import nan

import pytest

from agents.operations.capacity.known_capacity import database_of
from agents.operations.measured_traffic import busiest_share, measured, measured_day, measured_history
from integrations.deployments import Stage, Target
from integrations.metrics import Answer, CallEdge, Measure, MetricsQuery, Resolution, Series

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ORDERS = Target("orders", Stage.PRODUCTION)
MINUTE = timedelta(minutes=1)


@dataclass
class Said:
    """Metrics that say of a measure what a function of the time says."""

    says: dict[Measure, Callable[[datetime], float]]
    asked: list[MetricsQuery] = field(default_factory=list)
    resolution: Resolution = field(default_factory=lambda: Resolution(timedelta(seconds=15)))

    async def series(self, query: MetricsQuery) -> Answer:
        self.asked.append(query)
        says = self.says.get(query.measure)
        if says is None:
            return Answer((), NOW, "said")
        values = tuple(map(says, query.times))
        return Answer((Series(query.measure.value, {}, query.times, values, NOW, "said"),), NOW, "said")

    async def call_edges(self, _stage: Stage | None, _start: datetime, _end: datetime) -> Sequence[CallEdge]:
        return ()


def pool(in_use: Callable[[datetime], float], size: float = 20) -> Said:
    return Said({Measure.POOL_IN_USE: in_use, Measure.POOL_SIZE: lambda _at: size})


async def test_the_busiest_window_counts_and_what_is_not_known_does_not() -> None:
    at = NOW - timedelta(hours=3)
    said = pool(lambda one: nan if one > at else 15 if one == at else 4)
    assert await busiest_share(said, ORDERS, NOW) == 0.75
    assert await busiest_share(pool(lambda _at: 24), ORDERS, NOW) == 1.0
    for unknown in (
        pool(lambda _at: nan),
        pool(lambda _at: 4, size=0),
        pool(lambda _at: 4, size=nan),
        Said({}),
    ):
        assert await busiest_share(unknown, ORDERS, NOW) is None
    del said.says[Measure.POOL_SIZE]
    assert await busiest_share(said, ORDERS, NOW) is None


async def test_only_windows_within_the_time_are_read() -> None:
    """A load test of two minutes does not answer for what was before it."""
    before = pool(lambda at: 20 if at <= NOW - 2 * MINUTE else 5)
    assert await busiest_share(before, ORDERS, NOW, 2 * MINUTE, timedelta(seconds=15)) == 0.25
    assert len(await measured(before, Measure.POOL_SIZE, ORDERS, NOW, 2 * MINUTE, MINUTE)) == 2
    assert len(await measured(before, Measure.POOL_SIZE, ORDERS, NOW, MINUTE, 2 * MINUTE)) == 1, "at least one"
    assert len(await measured(before, Measure.POOL_SIZE, ORDERS, NOW)) == 24 * 12
    assert {(one.service, one.stage, one.end) for one in before.asked} == {("orders", Stage.PRODUCTION, NOW)}


async def test_how_long_a_request_holds_a_connection() -> None:
    said = pool(lambda at: nan if at < NOW - timedelta(hours=1) else 4)
    said.says |= {Measure.REQUESTS: lambda _at: 20, Measure.REPLICAS: lambda _at: 2}
    found = await database_of(said, "orders", NOW)
    assert found is not None
    assert (found.pool, found.held_seconds) == (10, pytest.approx(0.2))
    assert await database_of(Said({}), "orders", NOW) is None


async def test_no_steps_are_shorter_than_the_windows_that_metrics_are_over() -> None:
    """Ten minutes where a day was measured finely, and three hours for what is older than that."""
    coarse = Resolution(10 * MINUTE, ((timedelta(days=1), 180 * MINUTE),))
    said = Said({Measure.REQUESTS: lambda _at: 20}, resolution=coarse)
    day = await measured_day(said, "orders", NOW)
    assert day is not None
    assert day.hours == 24
    history = await measured_history(said, "orders", NOW)
    assert history is not None
    assert history[0].step == 180 * MINUTE
    assert history[0].end == NOW
    assert await busiest_share(said, ORDERS, NOW, 5 * MINUTE, timedelta(seconds=15)) is None
    assert [one.step / MINUTE for one in said.asked] == [10, 180, 10, 10]
