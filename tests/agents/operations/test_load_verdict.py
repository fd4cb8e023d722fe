"""What a load test shows, worked out from what its generator reported."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence

import pytest

from agents.operations.load_testing.load_verdict import (
    LoadResult,
    LoadVerdict,
    Objectives,
    judge_load,
    load_result,
)
from integrations.load import Histogram, Plan, Progress, Second, Stage, State, bucket_of, invalid_because

WANTED = Objectives(most_failed=0.01, slowest=0.3)


def second(
    number: int,
    stage: int,
    answered: int,
    seconds: float,
    *,
    failures: Mapping[str, int] = {},
    late: float = 0.001,
) -> Second:
    failed = sum(failures.values())
    came = answered + failed
    return Second(
        number,
        stage,
        sent=came,
        answered=answered,
        failed=failed,
        unsent=0,
        under_way=0,
        latency=Histogram({bucket_of(seconds): came}),
        lateness=Histogram({bucket_of(late): came}),
        failures=failures,
    )


def judged(
    rates: Sequence[float], seconds: Sequence[Second], *, pool: float | None = None, state: State = State.DONE
) -> LoadResult:
    plan = Plan("http://127.0.0.1:1", tuple(Stage(rate, 2) for rate in rates))
    progress = Progress("r", plan, state, tuple(seconds), invalid_because(plan, state, seconds))
    return judge_load(progress, WANTED, pool)


def two_each(*levels: tuple[int, float]) -> list[Second]:
    """Two seconds of each level: so many answers a second, each so slow."""
    return [
        second(2 * at + each, at, answered, slow)
        for at, (answered, slow) in enumerate(levels)
        for each in (0, 1)
    ]


def test_one_that_holds_everywhere_passes_and_says_that_no_peak_was_found() -> None:
    result = judged((10, 20, 40, 80), two_each((10, 0.02), (20, 0.02), (40, 0.03), (80, 0.04)))
    assert (result.verdict, result.held, result.broke) == (LoadVerdict.PASSED, 80, None)
    assert "No peak found in the measured range, 10 to 80" in result.scalability
    assert [round(level.throughput) for level in result.levels] == [10, 20, 40, 80]
    assert load_result(json.loads(json.dumps(result.dump()))) == result


def test_one_that_gives_way_says_at_which_rate_and_by_what() -> None:
    seconds = two_each((10, 0.02), (20, 0.05), (21, 0.9))
    result = judged((10, 20, 40), seconds, pool=1.0)
    assert (result.verdict, result.held, result.broke) == (LoadVerdict.FAILED, 20, 40)
    assert "At 40 requests a second 95 of 100 took up to" in result.why
    assert "It held at 20. Up to 100% of its database connections were in use" in result.why
    assert result.scalability.startswith("Scalability takes 4 different loads")


def test_failures_count_though_they_are_quick() -> None:
    seconds = [second(0, 0, 95, 0.01, failures={"500": 4, "timeout": 1}), second(1, 0, 100, 0.01)]
    result = judged((100,), seconds)
    assert result.verdict is LoadVerdict.FAILED
    assert "2.5% of the requests failed (most of them: 500), and 1.0% may" in result.why
    assert "It held at no rate that was tried. Whether requests waited" in result.why


def test_a_rate_that_held_after_one_that_did_not_proves_nothing_above_it() -> None:
    result = judged((10, 80, 20), two_each((10, 0.02), (80, 0.02), (20, 0.8)))
    assert (result.verdict, result.held, result.broke) == (LoadVerdict.FAILED, 10, 20)


@pytest.mark.parametrize(
    ("seconds", "state", "verdict"),
    [
        ([second(0, 0, 10, 0.01, late=0.2), second(1, 0, 10, 0.01)], State.DONE, LoadVerdict.INVALID),
        ([dataclasses.replace(second(0, 0, 10, 0.01), unsent=1)], State.DONE, LoadVerdict.INVALID),
        ([second(0, 0, 10, 0.01)], State.DIED, LoadVerdict.INVALID),
        ([], State.DONE, LoadVerdict.INVALID),
        ([second(0, 0, 10, 9.0)], State.STOPPED, LoadVerdict.STOPPED),
    ],
)
def test_what_proves_nothing_is_neither(seconds: list[Second], state: State, verdict: LoadVerdict) -> None:
    result = judged((10,), seconds, state=state)
    assert result.verdict is verdict
    assert (result.held, result.broke) == (None, None)


def test_throughput_is_of_all_the_seconds_of_a_level_though_nothing_came_in_some() -> None:
    slow = [second(0, 0, 6, 0.01), second(2, 1, 0, 5.0, failures={"timeout": 9}), second(3, 1, 8, 0.01)]
    result = judged((10, 20, 5), [*slow, second(5, 2, 10, 0.01)])
    assert [level.throughput for level in result.levels] == [3, 4, 5]
    stopped = judged(
        (10, 20), [second(0, 0, 10, 0.01), second(1, 0, 10, 0.01), second(2, 1, 20, 0.01)], state=State.STOPPED
    )
    assert [level.throughput for level in stopped.levels] == [10, 20]


def test_a_service_that_hangs_has_failed_though_not_all_could_be_sent() -> None:
    hung = [
        second(0, 0, 10, 0.01),
        second(1, 0, 10, 0.01),
        dataclasses.replace(second(3, 1, 0, 10.0, failures={"timeout": 30}), unsent=12),
        dataclasses.replace(second(4, 2, 0, 10.0), unsent=80),
    ]
    result = judged((10, 20, 40), hung)
    assert (result.verdict, result.held, result.broke) == (LoadVerdict.FAILED, 10, 20)
    assert "100.0% of the requests failed (most of them: timeout)" in result.why


def test_one_that_still_runs_is_not_judged() -> None:
    with pytest.raises(ValueError, match="still runs"):
        judged((10,), [second(0, 0, 10, 0.01)], state=State.RUNNING)
