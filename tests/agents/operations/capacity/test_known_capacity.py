"""What load tests show that a service carries."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from agents.operations.capacity.known_capacity import JudgedLoad, carried_in, database_of
from agents.operations.capacity.sizing import Database
from integrations.deployments import Stage
from integrations.metrics import Answer, CallEdge, Measure, MetricsQuery, Resolution, Series

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)


class Figures:
    """Metrics that were the same all the time until `changed` ago, and other ones since."""

    resolution = Resolution(timedelta(seconds=15))

    def __init__(
        self, before: Mapping[Measure, float], since: Mapping[Measure, float], changed: timedelta
    ) -> None:
        self.before, self.since, self.at = before, since, NOW - changed

    async def series(self, query: MetricsQuery) -> Answer:
        values = tuple(
            (self.since if at > self.at else self.before).get(query.measure, math.nan) for at in query.times
        )
        one = Series(query.measure, {}, query.times, values, NOW, "figures")
        return Answer((one,), NOW, "figures")

    async def call_edges(self, stage: Stage | None, start: datetime, end: datetime) -> Sequence[CallEdge]:
        raise NotImplementedError


async def test_a_pool_is_one_replicas_however_many_there_were() -> None:
    two = {Measure.POOL_SIZE: 20.0, Measure.REPLICAS: 2.0, Measure.POOL_IN_USE: 4.0, Measure.REQUESTS: 40.0}
    scaled = {**two, Measure.POOL_SIZE: 60.0, Measure.REPLICAS: 6.0}
    figures = Figures(two, scaled, timedelta(hours=1))
    assert await database_of(figures, "orders", NOW) == Database(pool=10, held_seconds=pytest.approx(0.1))
    assert await database_of(Figures({}, {}, timedelta()), "orders", NOW) is None


def judged(
    held: float | None, broke: float | None, replicas: int = 1, version: str | None = "5.0.0", path: str = "/"
) -> JudgedLoad:
    return JudgedLoad(version, path, replicas, held, broke)


def test_a_test_that_passed_shows_the_least_and_not_the_most() -> None:
    found = carried_in([judged(20, None)], "5.0.0")
    assert found is not None
    assert (found.law, found.at_least) == (None, (1, 20))


def test_the_highest_rate_that_was_held_counts_whichever_came_last() -> None:
    found = carried_in([judged(10, None), judged(40, 50), judged(20, 30)], "5.0.0")
    assert found is not None
    assert found.law is not None
    assert found.law.throughput(1) == pytest.approx(40)
    assert found.at_least is None


def test_more_held_than_what_once_broke_it_is_no_limit() -> None:
    found = carried_in([judged(60, None), judged(40, 50)], "5.0.0")
    assert found is not None
    assert (found.law, found.at_least) == (None, (1, 60))


def test_only_tests_of_one_release_at_one_path_are_taken_together() -> None:
    tests = [
        judged(900, 950, path="/health"),
        judged(70, 80, version="4.0.0"),
        judged(40, 50, version="5.0.0", path="/orders"),
        judged(500, 600, version="4.0.0", path="/health"),
        judged(30, 40, version=None),
    ]
    new, old = carried_in(tests, "5.0.0"), carried_in(tests, "4.0.0")
    assert new is not None
    assert old is not None
    assert (new.version, new.path) == ("5.0.0", "/health")
    assert old.law is not None
    assert (old.version, old.path, old.law.throughput(1)) == ("4.0.0", "/", pytest.approx(70))
    another = carried_in(tests, "6.0.0")
    assert another is not None
    assert another.version == "5.0.0", "the newest, and it says so"
    assert carried_in(tests[4:], "5.0.0") is None, "of which release it is was not kept"


def test_a_rate_that_broke_at_once_is_nothing_that_was_held() -> None:
    assert carried_in([judged(None, 50)], "5.0.0") is None
    found = carried_in([judged(None, 50), judged(40, None, replicas=2)], "5.0.0")
    assert found is not None
    assert (found.law, found.at_least) == (None, (2, 40))


def test_limits_of_several_numbers_of_replicas_make_a_law() -> None:
    tests = [judged(100 * n / (1 + 0.1 * (n - 1)), 2_000, replicas=n) for n in (1, 2, 4, 8)]
    found = carried_in([*tests, judged(5_000, None, replicas=16)], "5.0.0")
    assert found is not None
    assert found.law is not None
    assert found.law.alpha.value == pytest.approx(0.1, abs=0.01)
    assert found.law.most == 8
    assert found.at_least == (16, 5_000)
