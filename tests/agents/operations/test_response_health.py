"""What a look says of a service."""

from __future__ import annotations

import pytest

from agents.operations.response.health import Level, State, state_of

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
