"""What a load test shows: whether a service held at every rate, or at which one it gave way and by what.

A generator that was late, or did not send what it was to, shows nothing about the service: the test is invalid,
and neither passed nor failed. So is one of which a level came to no answers. A service that gave way under less
than it was to be sent has failed all the same: what could not be sent because answers did not come would have
made it no better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import accumulate
from typing import Any

from agents.operations.capacity.scalability import TooFewLoads, fit_scalability
from integrations.load import Progress, State, together

FULL = 0.95
"""From this share of a pool's connections in use on, requests wait for one."""

_P95 = 0.95


class LoadVerdict(StrEnum):
    """`INVALID` and `STOPPED` prove nothing about the service."""

    PASSED = "passed"
    FAILED = "failed"
    INVALID = "invalid"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Objectives:
    """What is to hold at every rate: the share of requests that may fail, and how long 95 of 100 may take, in
    seconds."""

    most_failed: float
    slowest: float


@dataclass(frozen=True, slots=True)
class LevelResult:
    """What came of one level: `rate` is what was to be sent a second, `throughput` what was answered without
    error in each second that it lasted, `p95` in seconds (of answers and failures alike)."""

    rate: float
    sent: int
    answered: int
    failed: int
    throughput: float
    p95: float
    failures: Mapping[str, int]

    @property
    def failed_share(self) -> float:
        """The share of what came back, or did not in time, that failed."""
        came = self.answered + self.failed
        return self.failed / came if came else 0.0

    def broke(self, objectives: Objectives) -> tuple[str, ...]:
        """Which objectives it missed, in words; none where it held."""
        missed = []
        if self.failed_share > objectives.most_failed:
            worst = max(self.failures, key=lambda why: self.failures[why])
            missed.append(
                f"{self.failed_share:.1%} of the requests failed (most of them: {worst}), and"
                f" {objectives.most_failed:.1%} may"
            )
        if self.p95 > objectives.slowest:
            missed.append(
                f"95 of 100 took up to {1000 * self.p95:,.0f} ms, and {1000 * objectives.slowest:,.0f} ms is"
                " the limit"
            )
        return tuple(missed)


@dataclass(frozen=True, slots=True)
class LoadResult:
    """A judged test. `held` is the highest rate below the first that broke (None where none held), `broke` that
    one; `why` says in sentences what the verdict stands on."""

    verdict: LoadVerdict
    why: str
    levels: tuple[LevelResult, ...]
    held: float | None
    broke: float | None
    scalability: str

    def dump(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self) | {"verdict": self.verdict.value, "levels": [asdict(one) for one in self.levels]}


def load_result(stored: Mapping[str, Any]) -> LoadResult:
    """What `LoadResult.dump` gave."""
    levels = tuple(LevelResult(**one) for one in stored["levels"])
    return LoadResult(**{**stored, "verdict": LoadVerdict(stored["verdict"]), "levels": levels})


def levels_of(progress: Progress) -> tuple[LevelResult, ...]:
    """What came of each level so far; those that were not begun are left out."""
    plan, seconds = progress.plan, progress.seconds
    begins = [0.0, *accumulate(stage.seconds for stage in plan.stages)]
    seen = begins[-1] if progress.state is State.DONE else 1 + max((one.second for one in seconds), default=0)
    found = []
    for number, stage in enumerate(plan.stages):
        own = [one for one in seconds if one.stage == number]
        if not own:
            continue
        within = [one for one in own if one.second < begins[number + 1]]
        lasted = min(begins[number + 1], seen) - begins[number]
        failures: dict[str, int] = {}
        for one in own:
            for why, count in one.failures.items():
                failures[why] = failures.get(why, 0) + count
        found.append(
            LevelResult(
                rate=stage.rate,
                sent=sum(one.sent for one in own),
                answered=sum(one.answered for one in own),
                failed=sum(one.failed for one in own),
                throughput=sum(one.answered for one in within) / lasted if lasted > 0 else 0.0,
                p95=together(one.latency for one in own).quantile(_P95),
                failures=failures,
            )
        )
    return tuple(found)


def judge_load(progress: Progress, objectives: Objectives, pool_used: float | None) -> LoadResult:
    """What a load that is over shows. `pool_used` is the greatest share of the service's pool that was in use
    meanwhile, None where nobody measured that. Raises ValueError for one that still runs."""
    if progress.state is State.RUNNING:
        raise ValueError("a load that still runs is not judged")
    levels = levels_of(progress)
    if progress.state is State.STOPPED:
        return LoadResult(LoadVerdict.STOPPED, "It was stopped before its end.", levels, None, None, "")
    # By rate, so that one that was too much is found wherever it stands among the levels.
    rising = sorted(levels, key=lambda level: level.rate)
    first = next((at for at, level in enumerate(rising) if level.broke(objectives)), None)
    invalid = progress.invalid or (_too_little(progress, levels) if first is None else None)
    if invalid is not None:
        why = f"It shows nothing about the service: {invalid}."
        return LoadResult(LoadVerdict.INVALID, why, levels, None, None, "")
    law = _scalability(levels)
    if first is None:
        top = rising[-1]
        why = (
            f"At {top.rate:,.4g} requests a second, the highest rate, 95 of 100 took up to"
            f" {1000 * top.p95:,.0f} ms and {top.failed_share:.1%} failed."
        )
        return LoadResult(LoadVerdict.PASSED, why, levels, top.rate, None, law)
    broken = rising[first]
    held = rising[first - 1].rate if first else None
    why = f"At {broken.rate:,.4g} requests a second {' and '.join(broken.broke(objectives))}."
    why += f" It held at {held:,.4g}." if held is not None else " It held at no rate that was tried."
    return LoadResult(LoadVerdict.FAILED, f"{why} {_waited_for(pool_used)}", levels, held, broken.rate, law)


def _too_little(progress: Progress, levels: Sequence[LevelResult]) -> str | None:
    """Why levels that all held show too little."""
    if unsent := sum(one.unsent for one in progress.seconds):
        return f"{unsent} requests were due and could not be sent, for too many were under way"
    if len(levels) < len(progress.plan.stages) or any(not level.answered + level.failed for level in levels):
        return "a level of it was too short for a request to come back"
    return None


def _waited_for(pool_used: float | None) -> str:
    if pool_used is None:
        return "Whether requests waited for a database connection was not measured."
    if pool_used >= FULL:
        return f"Up to {pool_used:.0%} of its database connections were in use: requests waited for one."
    return (
        f"No more than {pool_used:.0%} of its database connections were in use: they waited for something else."
    )


def _scalability(levels: Sequence[LevelResult]) -> str:
    """What the universal scalability law says of throughput by rate; why it says nothing, where that is so."""
    measured = [(level.rate, level.throughput) for level in levels if level.rate >= 1 and level.throughput > 0]
    try:
        return f"Throughput by rate: {fit_scalability(measured).says()}"
    except TooFewLoads as few:
        return str(few)
