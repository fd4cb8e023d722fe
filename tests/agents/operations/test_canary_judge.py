"""The canary's judge: what it calls worse, what it lets pass, and what it says when it has seen nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import binom

from agents.operations.canary_evidence import Counts, errors
from agents.operations.canary_judge import (
    MOST_KEPT,
    CanarySettings,
    CanaryState,
    Judgement,
    Reason,
    Requests,
    Tick,
    Verdict,
    advance,
    dump,
    judge,
    load,
)

SETTINGS = CanarySettings()
LIMITED = CanarySettings(limit_seconds=0.5)


def durations(random: np.random.Generator, count: int, middle: float = 0.05) -> tuple[float, ...]:
    return tuple(random.lognormal(np.log(middle), 0.4, count).tolist())


def requests(random: np.random.Generator, count: int, middle: float = 0.05, failing: float = 0.0) -> Requests:
    failed = int(random.binomial(count, failing))
    return Requests(durations(random, count - failed, middle), durations(random, failed, middle))


def ticks(
    count: int,
    *,
    canary: tuple[float, float] = (0.05, 0.0),
    stable: tuple[float, float] = (0.05, 0.0),
    sizes: tuple[int, int] = (25, 75),
    seed: int = 5,
    first: int = 0,
) -> list[Tick]:
    """Ticks of one step: each version's duration in the middle and its share of failures."""
    random = np.random.default_rng(seed)
    return [
        Tick(n, 0, "m", requests(random, sizes[0], *canary), requests(random, sizes[1], *stable))
        for n in range(first, first + count)
    ]


def after(given: Iterable[Tick], settings: CanarySettings = SETTINGS) -> CanaryState:
    state = CanaryState()
    for tick in given:
        state = advance(state, tick, settings)
    return state


def judged(given: Iterable[Tick], settings: CanarySettings = SETTINGS) -> Judgement:
    return judge(after(given, settings), settings)


def ended_at(given: Iterable[Tick], settings: CanarySettings = SETTINGS) -> tuple[int, Reason | None]:
    """How many ticks the judge took to call the canary worse, and why."""
    state = CanaryState()
    for seen, tick in enumerate(given, 1):
        state = advance(state, tick, settings)
        if state.alarm:
            return seen, state.alarm
    return 0, None


def test_a_canary_that_is_no_worse_passes_by_samples_and_by_time() -> None:
    assert judged(ticks(11)).verdict is Verdict.HOLDING
    assert judged(ticks(12)).verdict is Verdict.WELL
    few = ticks(12, sizes=(4, 76))
    assert judged(few).verdict is Verdict.HOLDING
    assert judged(few).samples == 48
    assert judged(ticks(13, sizes=(4, 76))).verdict is Verdict.WELL


def test_three_times_the_latency_is_found_in_ten_seconds_with_what_it_was_found_by() -> None:
    seen, reason = ended_at(ticks(20, canary=(0.15, 0.0)))
    assert (reason, seen <= 2) == (Reason.LATENCY, True)
    found = judged(ticks(20, canary=(0.15, 0.0)))
    assert (found.verdict, found.returns) == (Verdict.WORSE, True)
    assert found.latency.e_value >= found.latency.alarm_at == 200
    assert found.latency.share > 0.5 > found.latency.healthy
    assert found.errors.e_value < 1


def test_a_few_per_cent_of_errors_are_found_and_said_to_be_errors() -> None:
    seen, reason = ended_at(ticks(60, canary=(0.05, 0.06), stable=(0.05, 0.001)))
    assert (reason, seen <= 12) == (Reason.ERRORS, True)


def test_a_version_that_is_faster_or_fails_less_is_not_worse() -> None:
    assert judged(ticks(100, canary=(0.01, 0.0), stable=(0.05, 0.2))).verdict is Verdict.WELL


def test_a_fault_that_sets_in_with_more_traffic_is_not_hidden_by_what_went_well() -> None:
    well = [replace(tick, step=tick.number // 200) for tick in ticks(400)]
    worse = [replace(t, step=2) for t in ticks(40, canary=(0.05, 0.05), first=400, sizes=(50, 50))]
    seen, reason = ended_at([*well, *worse], CanarySettings(deadline_seconds=5_000))
    assert (reason, seen - 400 <= 20) == (Reason.ERRORS, True)


def test_what_slows_and_fails_both_versions_at_once_blames_neither() -> None:
    calm = [replace(t, step=0) for t in ticks(40, sizes=(5, 95))]
    stormy = ticks(40, canary=(0.4, 0.15), stable=(0.4, 0.15), sizes=(50, 50), first=40)
    state = after([*calm, *(replace(tick, step=1) for tick in stormy)])
    assert state.alarm is None
    assert judge(state, SETTINGS).errors.share > 0.1


def test_what_happens_to_both_within_pooled_ticks_of_two_steps_blames_neither() -> None:
    """59 calm stable requests wait when the weights change; the storm that follows is not held against them."""
    calm = Tick(0, 0, "m", Requests((0.05,) * 3), Requests((0.05,) * 59))
    storm = Tick(1, 1, "m", Requests((0.5,) * 60), Requests((0.5,) * 2))
    state = after([calm, storm])
    assert (state.batch.canary, len(state.batch.stable)) == ((0.5,) * 60, 2)
    assert state.alarm is None


def test_a_canary_that_fails_from_its_first_requests_is_ended_without_waiting_for_evidence() -> None:
    assert ended_at(ticks(9, canary=(0.05, 1.0), sizes=(5, 20))) == (2, Reason.ALL_FAILED)
    assert ended_at(ticks(9, canary=(0.05, 1.0), stable=(0.05, 0.9), sizes=(5, 20), seed=6)) == (0, None)
    once = Tick(1, 0, "m", Requests((0.05,), (0.05,) * 4), Requests((0.05,) * 20))
    broken = ticks(9, canary=(0.05, 1.0), sizes=(5, 20))
    assert ended_at([broken[0], once, broken[2]]) == (0, None)


def test_where_everything_fails_in_both_nothing_passes() -> None:
    everything = ticks(119, canary=(0.05, 1.0), stable=(0.05, 1.0))
    assert judged(everything).verdict is Verdict.HOLDING
    late = judged(ticks(121, canary=(0.05, 1.0), stable=(0.05, 1.0)))
    assert (late.verdict, late.reason, late.returns) == (Verdict.INCONCLUSIVE, Reason.DEADLINE, True)


def test_the_services_limit_is_a_floor_of_its_own() -> None:
    """Within 1.2 times of a stable version that is itself slow, and most of it above the limit."""
    random = np.random.default_rng(3)
    fast, slow = random.uniform(0.40, 0.49, 75), random.uniform(0.49, 0.56, 25)
    tick = Tick(0, 0, "m", Requests(tuple(slow.tolist())), Requests(tuple(fast.tolist())))
    assert ended_at([tick], LIMITED) == (1, Reason.OVER_LIMIT)
    assert ended_at([tick]) == (0, None)
    both = Requests(tuple((random.uniform(0.49, 0.56, 75)).tolist()))
    assert ended_at([replace(tick, stable=both)], LIMITED) == (0, None)


NAN, INFINITE = float("nan"), float("inf")
SOME = Requests((0.05,) * 30)


@pytest.mark.parametrize(
    ("tick", "reason"),
    [
        (Tick(40, 0, "m", None, SOME), Reason.NO_DATA),
        (Tick(40, 0, "m", SOME, None), Reason.NO_DATA),
        (Tick(40, 0, "m", Requests((0.05, NAN)), SOME), Reason.NOT_NUMBERS),
        (Tick(40, 0, "m", SOME, Requests((0.05,), (INFINITE,))), Reason.NOT_NUMBERS),
        (Tick(40, 0, "m", SOME, Requests((-0.05,))), Reason.NOT_NUMBERS),
        (Tick(40, 0, "other", SOME, SOME), Reason.METER_RESTARTED),
        (Tick(40, 0, "m", Requests(), SOME), Reason.NO_CANARY_REQUESTS),
        (Tick(40, 0, "m", SOME, Requests()), Reason.NO_STABLE_REQUESTS),
    ],
)
def test_a_tick_that_shows_nothing_is_inconclusive_and_changes_no_figure(tick: Tick, reason: Reason) -> None:
    before = after(ticks(40))
    assert judge(before, SETTINGS).verdict is Verdict.WELL
    seen = advance(before, tick, SETTINGS)
    found = judge(seen, SETTINGS)
    assert (found.verdict, found.reason, found.returns) == (Verdict.INCONCLUSIVE, reason, False)
    assert (seen.since, seen.batch, seen.seen, found.blind_seconds) == (before.since, before.batch, 40, 5.0)
    again = judge(advance(seen, ticks(1, first=41)[0], SETTINGS), SETTINGS)
    assert again.verdict is (Verdict.INCONCLUSIVE if tick.meter == "other" else Verdict.WELL)


def test_without_any_data_it_holds_until_the_deadline_and_returns_then_for_good() -> None:
    assert judge(CanaryState(), SETTINGS).verdict is Verdict.INCONCLUSIVE
    blind = [Tick(n, 0, "m", Requests(), SOME) for n in range(120)]
    early, late = judged(blind[:119]), judged(blind)
    assert (early.verdict, early.returns, early.blind_seconds) == (Verdict.INCONCLUSIVE, False, 595.0)
    assert (late.verdict, late.reason, late.returns) == (Verdict.INCONCLUSIVE, Reason.DEADLINE, True)
    assert judged([*blind, *ticks(60, first=120)]) == late


def test_ticks_that_never_came_count_as_time_and_as_nothing_else() -> None:
    gap = [*ticks(6), Tick(60, 0, "m", None, None)]
    assert judged(gap).blind_seconds == 55 * 5.0
    assert judged([*ticks(6), *ticks(1, first=60)]).seconds == 35.0
    assert judged([*ticks(6), *ticks(1, first=130)]).returns


def test_few_stable_requests_are_pooled_over_ticks_and_each_request_is_weighed_once() -> None:
    state = after(ticks(10, sizes=(3, 13)))
    assert state.since[0].timed + len(state.batch.canary) == 30
    assert (state.since[0].timed, state.since[0].stable) == (15 + 15, 130)
    assert ended_at(ticks(40, canary=(0.15, 0.0), sizes=(3, 13)))[1] is Reason.LATENCY


def test_the_state_is_json_and_stays_small_whatever_comes() -> None:
    state = after([Tick(n, 0, "m", Requests((0.1,) * 4_000), Requests((0.1,))) for n in range(50)])
    assert len(state.batch.canary) == MOST_KEPT
    for one in (state, CanaryState(), after(ticks(9, canary=(0.15, 0.0)))):
        assert load(json.loads(json.dumps(dump(one)))) == one


def test_however_often_somebody_looks_and_stores_the_figures_are_those_of_the_ticks() -> None:
    given = ticks(60, canary=(0.06, 0.01))
    looked = CanaryState()
    for tick in given:
        for _ in range(3):  # a job that runs twice, and somebody who asks meanwhile
            looked = load(json.loads(json.dumps(dump(advance(looked, tick, SETTINGS)))))
            judge(looked, SETTINGS)
        looked = advance(looked, given[0], SETTINGS)
    assert looked == after(given)


def test_a_step_that_goes_back_or_has_no_stable_version_is_an_error() -> None:
    state = after([replace(tick, step=1) for tick in ticks(2)])
    for step in (0, 3):
        with pytest.raises(ValueError, match="does not follow"):
            advance(state, replace(ticks(1, first=9)[0], step=step), SETTINGS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": (100,)},
        {"weights": (5, 5, 100)},
        {"weights": (0, 100)},
        {"weights": (5, 50)},
        {"least_samples": 5},
        {"least_seconds": 700.0},
        {"tick_seconds": 0.0},
        {"limit_seconds": 0.0},
    ],
)
def test_settings_that_make_no_release_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        CanarySettings(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("stable", "noise"), [(10**9, 0.0), (900, 100.0), (300, 300.0)])
def test_the_e_value_is_the_mixture_that_it_says(stable: int, noise: float) -> None:
    """Against the integral, at the number of requests that has the variance of the difference of two shares."""
    counts = Counts(requests=300, failed=12, expected=3.0, noise=noise, stable=stable)
    usual = 0.01 + 1 / stable
    healthy = usual + 0.005
    variance = healthy * (1 - healthy) / 300 + usual * (1 - usual) * noise / 300**2
    number = healthy * (1 - healthy) / variance

    def ratio(share: float) -> float:
        return float((share / healthy) ** (0.04 * number) * ((1 - share) / (1 - healthy)) ** (0.96 * number))

    def prior(share: float) -> float:
        return float((1 - share) ** 9)

    above = quad(lambda share: prior(share) * ratio(share), healthy, 1, points=[0.04])[0]
    found = errors([counts], 1)
    assert (found.share, found.healthy) == (0.04, pytest.approx(healthy))
    assert found.e_value == pytest.approx(above / quad(prior, healthy, 1)[0], rel=1e-6)
    assert errors([counts], 4).e_value == pytest.approx((found.e_value + 3) / 4)


def test_the_stable_versions_failures_count_as_often_as_the_canary_was_asked_beside_them() -> None:
    calm = Tick(0, 0, "m", Requests((0.05,) * 30), Requests((0.05,) * 87, (0.05,) * 3))
    bad = Tick(1, 0, "m", Requests((0.05,) * 60), Requests((0.05,) * 30, (0.05,) * 30))
    counts = after([calm, bad]).since[0]
    assert (counts.expected, counts.noise) == (1 + 30, 10 + 60)


def test_a_step_is_not_passed_on_evidence_that_is_not_enough_to_end_it() -> None:
    doubtful = Counts(requests=300, timed=300, failed=15, expected=3.0, noise=100.0, stable=900)
    state = replace(after(ticks(12)), since=(doubtful,))
    found = judge(state, SETTINGS)
    assert 10 < found.errors.e_value < found.errors.alarm_at
    assert (found.verdict, found.reason) == (Verdict.HOLDING, Reason.SUSPICIOUS)


def test_a_step_that_nobody_ended_by_its_deadline_returns_once_nothing_is_seen_any_more() -> None:
    assert judged(ticks(130)).verdict is Verdict.WELL
    blind = Tick(130, 0, "m", None, None)
    assert judged([*ticks(130), blind]).returns


@pytest.mark.parametrize("seed", [1, 2])
def test_looking_after_every_tick_raises_no_more_false_alarms_than_it_says(seed: int) -> None:
    """Canaries as bad as a healthy one may be, and not worse: 10 % slow, and half a point more errors. Of 300
    such releases, each looked at 80 times, no more are called worse than one in a hundred explains."""
    random = np.random.default_rng(seed)
    settings = CanarySettings(deadline_seconds=10_000)
    alarms = 0
    for _ in range(300):
        state = CanaryState()
        for number in range(80):
            canary = np.where(random.random(40) < 0.1, 9.0, 0.1)
            failed = random.random(40) < 0.015
            stable, stable_failed = random.random(60), random.random(60) < 0.01
            tick = Tick(
                number,
                0,
                "m",
                Requests(tuple(canary[~failed].tolist()), tuple(canary[failed].tolist())),
                Requests(tuple(stable[~stable_failed].tolist()), tuple(stable[stable_failed].tolist())),
            )
            state = advance(state, tick, settings)
        alarms += state.alarm is not None
    assert alarms <= binom.ppf(0.999, 300, 0.01)
