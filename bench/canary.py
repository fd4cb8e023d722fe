"""The canary's judge on simulated releases: healthy ones, bad ones, and a database that slows both versions.

Traffic is 20 requests a second in all, Poisson, shared by weight; a release goes through every step of the
default settings as the judge itself says. A seed of its own draws what latencies look like in half of the
healthy releases (heavy-tailed, two-humped, wide; drifting as through a day): nothing in the judge was chosen on
them. Beside it stand two judges by threshold, on the same requests: one compares with the minute before the
release, one with the stable version in the same half minute. With `--real N` as many healthy and as many bad
releases follow as processes under real traffic, and canaries that are ended in each way (`canary_releases`).
The last line is one JSON object; times are medians, in seconds, but for the real ends: of those the longest.

Exits with 1 if a target was missed, with 2 if the real part could not run.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from multiprocessing import get_context
from statistics import median
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.operations.canary_judge import (
    CanarySettings,
    CanaryState,
    Requests,
    Tick,
    Verdict,
    advance,
    judge,
)
from bench import canary_releases
from bench.running_department import NotAsExpected
from bench.targets import Targets

RATE = 20.0
TICKS = 120
"""Of five seconds: more than any release takes here, so that none ends for want of traffic."""
CHECK_TICKS = 6
FAILED_CHECKS = 2

Floats = NDArray[np.float64]
Latencies = Callable[[np.random.Generator, int], Floats]


@dataclass(frozen=True)
class Traffic:
    """All requests of one release: when, how long, how lucky. `ends` cuts them into ticks."""

    ends: NDArray[np.int64]
    seconds: Floats
    route: Floats
    luck: Floats
    before: Floats


@dataclass(frozen=True)
class Fault:
    """What is wrong: with the canary alone (`slower` for a `share` of its requests, `errors` in all), or with
    both from a moment on (`shared` by tick, what durations are multiplied with)."""

    slower: float = 1.0
    share: float = 1.0
    errors: float = 0.0
    shared: Floats = field(default_factory=lambda: np.ones(TICKS))
    shared_errors: float = 0.0


@dataclass(frozen=True)
class Ended:
    """How a release ended: at which second, and whether each judge rolled it back."""

    verdict: Verdict
    at: float
    fixed: bool
    beside: bool


def lognormal(random: np.random.Generator, count: int) -> Floats:
    """50 ms in the middle, 114 ms at p95."""
    return random.lognormal(np.log(0.05), 0.5, count)


def drawn(shape: np.random.Generator) -> Latencies:
    """A service's latencies as some seed has them: heavy tails, two humps, or a wide lognormal."""
    kind, tail, width = shape.integers(3), shape.uniform(1.3, 3.0), shape.uniform(0.3, 1.2)
    share, far = shape.uniform(0.03, 0.4), shape.uniform(3.0, 20.0)

    def heavy(random: np.random.Generator, count: int) -> Floats:
        return 0.02 * (1 + random.pareto(tail, count))

    def humps(random: np.random.Generator, count: int) -> Floats:
        return random.lognormal(-3, 0.3, count) * np.where(random.random(count) < share, far, 1.0)

    def wide(random: np.random.Generator, count: int) -> Floats:
        return random.lognormal(-3, width, count)

    return (heavy, humps, wide)[kind]


def traffic(random: np.random.Generator, latencies: Latencies, drift: bool = False) -> Traffic:
    """One release's requests; with `drift` their number and length move as in a day pressed into minutes."""
    phase, depth = random.uniform(0, 2 * np.pi), random.uniform(0.2, 0.7) if drift else 0.0
    wave = 1 + depth * np.sin(phase + np.arange(TICKS) * 2 * np.pi / random.uniform(20, 200))
    counts = random.poisson(RATE * 5 * wave)
    total = int(counts.sum())
    seconds = latencies(random, total) * np.repeat(wave, counts)
    before = latencies(random, int(RATE * 60)) * wave[0]
    return Traffic(np.cumsum(counts), seconds, random.random(total), random.random(total), before)


def ticks(given: Traffic, fault: Fault, errors: float, number: int, weight: int) -> tuple[Requests, Requests]:
    """What the canary and the stable version show in one tick."""
    begin = int(given.ends[number - 1]) if number else 0
    part = slice(begin, int(given.ends[number]))
    is_shared = fault.shared[number] > 1
    seconds = given.seconds[part] * fault.shared[number]
    luck = given.luck[part]
    is_canary = given.route[part] < weight / 100
    base = max(errors, fault.shared_errors if is_shared else 0.0)
    # Luck is used from below for errors and from above for slowness, so that neither hides the other.
    failed = luck < np.where(is_canary, max(base, fault.errors), base)
    seconds = np.where(is_canary & (luck > 1 - fault.share), seconds * fault.slower, seconds)

    def of(version: NDArray[np.bool_]) -> Requests:
        return Requests(tuple(seconds[version & ~failed].tolist()), tuple(seconds[version & failed].tolist()))

    return of(is_canary), of(~is_canary)


class Thresholds:
    """A judge as rollout tools are set up: every half minute p95 above 1.2 times, or errors a point above; two
    such checks roll back. It compares with `usual`, or with the stable version of the same time."""

    def __init__(self, usual: tuple[float, float] | None) -> None:
        self._usual, self._failed, self._seen = usual, 0, list[tuple[Requests, Requests]]()

    def look(self, canary: Requests, stable: Requests) -> None:
        """Another tick."""
        self._seen.append((canary, stable))
        if len(self._seen) < CHECK_TICKS:
            return
        own, usual = _figures([one for one, _ in self._seen]), self._usual
        usual = usual or _figures([other for _, other in self._seen])
        self._seen.clear()
        self._failed += own[0] > 1.2 * usual[0] or own[1] > usual[1] + 0.01

    @property
    def rolls_back(self) -> bool:
        """Whether it did."""
        return self._failed >= FAILED_CHECKS


def _figures(seen: list[Requests]) -> tuple[float, float]:
    answered = [seconds for one in seen for seconds in one.answered]
    count = sum(one.count for one in seen)
    p95 = float(np.percentile(answered, 95)) if answered else 0.0
    return p95, (count - len(answered)) / count if count else 0.0


def release(given: Traffic, fault: Fault, errors: float, settings: CanarySettings) -> Ended:
    """One release to its end."""
    state, step = CanaryState(), 0
    fixed = Thresholds((float(np.percentile(given.before, 95)), errors))
    beside = Thresholds(None)
    for number in range(TICKS):
        canary, stable = ticks(given, fault, errors, number, settings.weights[step])
        for one in (fixed, beside):
            one.look(canary, stable)
        state = advance(state, Tick(number, step, "m", canary, stable), settings)
        judged = judge(state, settings)
        step += judged.verdict is Verdict.WELL
        if judged.returns or step == settings.judged_steps:
            break
    else:
        raise SystemExit("a release did not end")
    return Ended(judged.verdict, (number + 1) * settings.tick_seconds, fixed.rolls_back, beside.rolls_back)


def healthy(seed: int, runs: int, errors: float, other: bool) -> list[Ended]:
    """Releases that are no worse: lognormal, or as another seed draws them, drifting."""
    random, shape = np.random.default_rng(seed), np.random.default_rng(seed + 1_000_003)
    looks = [drawn(shape) if other else lognormal for _ in range(runs)]
    return [release(traffic(random, one, other), Fault(), errors, CanarySettings()) for one in looks]


def bad(seed: int, runs: int, fault: Fault, weights: tuple[int, ...]) -> list[Ended]:
    """Releases with a fault from their first request on, at both levels of errors in turn."""
    random = np.random.default_rng(seed)
    settings = CanarySettings(weights=weights)
    return [release(traffic(random, lognormal), fault, (0.001, 0.01)[one % 2], settings) for one in range(runs)]


def shared(seed: int, runs: int) -> list[Ended]:
    """A database that both versions use slows 2 to 6 times and errs, once or several times."""
    random = np.random.default_rng(seed)
    found = []
    for one in range(runs):
        slowed = np.ones(TICKS)
        for _ in range(int(random.integers(1, 4))):
            begin = int(random.integers(0, 36))
            slowed[begin : begin + int(random.integers(4, 25))] = random.uniform(2, 6)
        fault = Fault(shared=slowed, shared_errors=random.uniform(0, 0.1))
        found.append(release(traffic(random, lognormal), fault, (0.001, 0.01)[one % 2], CanarySettings()))
    return found


def rolled_back(ended: list[Ended]) -> dict[str, int]:
    """How many each judge rolled back; a release that the deadline returned is counted apart."""
    return {
        "judge": sum(one.verdict is Verdict.WORSE for one in ended),
        "deadline": sum(one.verdict is Verdict.INCONCLUSIVE for one in ended),
        "threshold_fixed": sum(one.fixed for one in ended),
        "threshold_beside": sum(one.beside for one in ended),
    }


def found(ended: list[Ended]) -> dict[str, float]:
    """The share that was found, and after how many seconds; one that was not found took for ever."""
    times = [one.at if one.verdict is Verdict.WORSE else float("inf") for one in ended]
    middle = median(times)
    return {
        "found": sum(one.verdict is Verdict.WORSE for one in ended) / len(ended),
        "seconds": middle if np.isfinite(middle) else -1.0,
    }


FAULTS = {
    "latency_x3": Fault(slower=3.0),
    "fifth_x5": Fault(slower=5.0, share=0.2),
    "errors_5": Fault(errors=0.05),
    "errors_20": Fault(errors=0.2),
    "all_fail": Fault(errors=1.0),
}


@dataclass(frozen=True)
class Measured:
    """Every release, by what it was."""

    healthy: dict[str, list[Ended]]
    bad: dict[str, list[Ended]]
    shared: list[Ended]


def measured(seed: int, of_healthy: int, of_bad: int, of_shared: int) -> Measured:
    """Run all releases, on all cores."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        well = {
            f"{'other' if other else 'lognormal'} {errors:.1%}": pool.submit(
                healthy, seed + number, of_healthy, errors, other
            )
            for number, (other, errors) in enumerate(product((False, True), (0.001, 0.01)))
        }
        slowed = pool.submit(shared, seed + 200, of_shared)
        worse = {
            f"{name}_from_{weights[0]}": pool.submit(bad, seed + 100 + number, of_bad, fault, weights)
            for number, (name, fault) in enumerate(FAULTS.items())
            for weights in ((25, 50, 100), (5, 25, 50, 100))
        }
        return Measured(
            {kind: future.result() for kind, future in well.items()},
            {kind: future.result() for kind, future in worse.items()},
            slowed.result(),
        )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--healthy", type=int, default=1_000, help="of each kind and error level")
    parser.add_argument("--bad", type=int, default=300, help="of each fault and first weight")
    parser.add_argument("--shared", type=int, default=500)
    parser.add_argument("--real", type=int, default=0, help="healthy and as many bad releases as processes")
    given = parser.parse_args()
    began = monotonic()
    all_of = measured(given.seed, given.healthy, given.bad, given.shared)
    for kind, ended in all_of.healthy.items():
        print(f"  healthy, {kind:16} rolled back: {rolled_back(ended)} of {given.healthy}")
    times = {kind: found(ended) for kind, ended in all_of.bad.items()}
    for kind, one in times.items():
        print(f"  {kind:20} {one['found']:.1%} found, median {one['seconds']:g} s")
    every = rolled_back([one for ended in all_of.healthy.values() for one in ended])
    both = rolled_back(all_of.shared)
    print(f"  a shared database slows both: rolled back: {both} of {given.shared}")
    targets = Targets()
    targets.at_most("false rollbacks", every["judge"], 0)
    targets.at_most("seconds to latency x3", _seconds(times["latency_x3_from_25"]), 15)
    targets.at_least("a fifth of requests x5 found", times["fifth_x5_from_25"]["found"], 0.99)
    targets.at_most("seconds to 5 % errors", _seconds(times["errors_5_from_25"]), 60)
    targets.at_most("rollbacks where both are slowed", both["judge"], 0)
    try:
        real = _real(given.real, targets) if given.real else {}
    except NotAsExpected as failed:
        print(f"  the real part could not run: {failed}", file=sys.stderr)
        return 2
    status = targets.status()
    figures = {
        "false_rollbacks": every["judge"],
        "healthy": 4 * given.healthy,
        "returned_by_deadline": every["deadline"],
        "threshold_false_rollbacks": {kind: every[f"threshold_{kind}"] for kind in ("fixed", "beside")},
        **times,
        "shared_slow": {"releases": given.shared, **both},
        **real,
        "took_seconds": round(monotonic() - began, 1),
    }
    print(json.dumps(figures))
    return status


def _real(of_each: int, targets: Targets) -> dict[str, Any]:
    figures = canary_releases.measure(of_each)
    targets.at_most("real releases judged wrong", figures["real_wrong"], 0)
    targets.at_most("seconds to all traffic on stable after an abort", figures["real_abort_seconds"], 5)
    for way in ("halt", "worker_killed", "database_killed"):
        seconds = figures[f"real_{way}_seconds"]
        targets.at_most(f"seconds to all traffic on stable, {way}", seconds, canary_releases.LEASE + 5)
    return figures


def _seconds(figure: dict[str, float]) -> float:
    return figure["seconds"] if figure["seconds"] >= 0 else float("inf")


if __name__ == "__main__":
    raise SystemExit(main())
