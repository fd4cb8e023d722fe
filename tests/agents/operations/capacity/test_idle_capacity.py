"""Replicas that ran while the traffic did not need them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from agents.operations.capacity.idle_capacity import idle_capacity
from agents.operations.capacity.scalability import proportional
from integrations.deployments import Stage
from integrations.metrics import Answer, CallEdge, Measure, MetricsQuery, Resolution, Series

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
CARRIES = proportional(1.0, 100.0)


class Lately:
    """The rates of the last hours (the last one is the newest) with so many replicas; nothing before them."""

    resolution = Resolution(timedelta(seconds=15))

    def __init__(self, rates: Sequence[float], replicas: float) -> None:
        self.rates, self.replicas = rates, replicas

    async def series(self, query: MetricsQuery) -> Answer:
        def value(at: datetime) -> float:
            ago = (query.end - at) // timedelta(hours=1)
            if ago >= len(self.rates):
                return math.nan
            return self.replicas if query.measure is Measure.REPLICAS else self.rates[-1 - ago]

        values = tuple(map(value, query.times))
        one = Series(query.measure, {}, query.times, values, NOW, "lately")
        return Answer((one,), NOW, query.measure.value)

    async def call_edges(self, stage: Stage | None, start: datetime, end: datetime) -> Sequence[CallEdge]:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("rates", "idle"),
    [
        ([0.0], 3.0),  # one is always there
        ([80.0], 3.0),
        ([81.0], 2.0),
        ([240.0, 241.0], 1.0),
        ([1_000.0], 0.0),  # too few, and none is idle
        ([10.0, math.nan, 300.0], 3.0),
    ],
)
async def test_what_the_traffic_did_not_need_was_idle(rates: list[float], idle: float) -> None:
    found = await idle_capacity(Lately(rates, 4.0), "orders", CARRIES, NOW)
    assert found is not None
    assert found.replica_hours == pytest.approx(idle)
    assert found.hours == pytest.approx(sum(math.isfinite(rate) for rate in rates))


async def test_where_nothing_was_measured_nothing_is_idle() -> None:
    assert await idle_capacity(Lately([], 4.0), "orders", CARRIES, NOW) is None
    assert await idle_capacity(Lately([10.0], 0.0), "orders", CARRIES, NOW) is None
