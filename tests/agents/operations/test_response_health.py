"""What a look says of a service."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from agents.operations.response.health import Level, State, look, state_of
from agents.operations.response.response_step import evidence_within, settles
from integrations.metrics import Measure, Resolution
from tests.agents.operations.test_measured_traffic import NOW, ORDERS, Said

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


async def test_each_request_counts_once_however_coarse_metrics_are() -> None:
    """Fifteen requests in a minute are no sixty."""
    quarter = timedelta(seconds=15)
    for shortest, known, after in ((quarter, 7.5, quarter), (4 * quarter, 30, 7 * quarter)):
        said = Said(
            {Measure.REQUESTS: lambda _at: 0.25, Measure.FAILED: lambda _at: 0.0},
            resolution=Resolution(shortest),
        )
        health = await look(said, ORDERS, NOW - timedelta(minutes=2), NOW)
        assert health.now.requests == known
        assert {one.step for one in said.asked} == {shortest}
        assert settles(said) == after, "before a remedy is looked at, no look goes back behind it by more"
        assert evidence_within(said) == after + 3 * quarter


async def test_what_is_usual_may_be_known_less_finely_than_what_is_now() -> None:
    resolution = Resolution(timedelta(seconds=15), ((timedelta(hours=1), timedelta(seconds=45)),))
    said = Said({Measure.REQUESTS: lambda _at: 2.0}, resolution=resolution)
    health = await look(said, ORDERS, NOW - timedelta(hours=1), NOW)
    assert (health.now.requests, health.usual.requests) == (60, 60 * 45 * 2)
    assert all(one.end <= NOW - timedelta(hours=1) for one in said.asked if one.step.seconds == 45)


def failing(*bad: tuple[int, int, float]) -> Said:
    """Ten requests a second; so many of them fail from a minute on until another, before NOW."""

    def failed(at: datetime) -> float:
        minutes = (NOW - at) / timedelta(minutes=1)
        return next((much for begin, end, much in bad if end <= minutes < begin), 0.0)

    return Said(
        {Measure.REQUESTS: lambda _at: 10.0, Measure.FAILED: failed, Measure.LATENCY_P95: lambda _at: 0.05}
    )


def _span(begin: float, end: float) -> tuple[datetime, datetime]:
    return NOW - timedelta(minutes=begin), NOW - timedelta(minutes=end)


@pytest.mark.parametrize("late", [0, 5, 15, 20])
async def test_an_alert_that_comes_long_after_it_began_hides_nothing(late: int) -> None:
    """As `for: 15m` lets Alertmanager tell it: what failed meanwhile is not what is usual."""
    found = await look(failing((late + 1, 0, 2.0)), ORDERS, NOW - timedelta(minutes=1), NOW)
    assert found.state is State.FAILING
    assert found.usual.failed is not None
    assert found.usual.failed < 0.02, "of 45 minutes nearly half"


async def test_what_always_fails_a_little_is_usual() -> None:
    found = await look(failing((60, 0, 0.3)), ORDERS, NOW - timedelta(minutes=1), NOW)
    assert (found.state, found.usual.failed) == (State.WELL, pytest.approx(0.03))


async def test_an_incident_before_is_nothing_usual() -> None:
    metrics, since = failing((46, 20, 2.0), (1, 0, 0.6)), NOW - timedelta(minutes=1)
    assert (await look(metrics, ORDERS, since, NOW)).state is State.WELL, "twenty per cent were usual"
    found = await look(metrics, ORDERS, since, NOW, (_span(46, 20),))
    assert (found.state, found.usual.failed) == (State.FAILING, 0.0)


async def test_a_window_that_reaches_into_an_incident_before_is_left_out() -> None:
    metrics, since = failing(), NOW - timedelta(minutes=2)
    metrics.resolution = Resolution(timedelta(minutes=2))
    whole = await look(metrics, ORDERS, since, NOW)
    found = await look(metrics, ORDERS, since, NOW, (_span(31, 30.5),))
    assert whole.usual.requests - found.usual.requests == 120 * 10


async def test_where_nothing_else_is_left_what_was_is_usual() -> None:
    metrics, since = failing((120, 1, 0.1)), NOW - timedelta(minutes=1)
    found = await look(metrics, ORDERS, since, NOW, (_span(120, 0),))
    assert found.usual.failed == pytest.approx(0.01)
