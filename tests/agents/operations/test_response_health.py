"""What a look says of a service."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agents.operations.response.health import Level, State, look, state_of
from agents.operations.response.response_step import settles
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


async def test_what_is_usual_may_be_known_less_finely_than_what_is_now() -> None:
    resolution = Resolution(timedelta(seconds=15), ((timedelta(hours=1), timedelta(seconds=45)),))
    said = Said({Measure.REQUESTS: lambda _at: 2.0}, resolution=resolution)
    health = await look(said, ORDERS, NOW - timedelta(hours=1), NOW)
    assert (health.now.requests, health.usual.requests) == (60, 60 * 45 * 2)
    assert all(one.end <= NOW - timedelta(hours=1) for one in said.asked if one.step.seconds == 45)
