"""Is a canary worse than the stable version? A sequential judge on raw outcomes of both in the same seconds.

The state is a fold over ticks (`advance`) and the judgement a function of the state (`judge`): who has the
stored ticks comes to the same figures, however often somebody looked. Beside the evidence (`canary_evidence`)
stand absolute floors. What no tick shows is nobody's fault: without data the judgement is inconclusive, never
passed and never failed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import chain
from typing import Any

from pydantic import TypeAdapter

from agents.operations.canary_evidence import (
    LEAST_CANARY,
    LEAST_STABLE,
    LEAST_TIMED,
    Batch,
    Counts,
    Evidence,
    errors,
    latency,
    weighed,
)

SUSPICION = 10.0
"""A step is not passed while an e-value is this high, though it is not high enough to call the canary worse."""
FAILED_IN_A_ROW = 10
"""Canary requests that all failed while most stable ones did not: nobody waits for evidence."""
MOST_KEPT = 5_000
"""Durations of the canary that a state keeps until they are weighed; what is more in one batch is not."""


class Verdict(StrEnum):
    """What is to become of the step: return to stable, wait, go on, or hold and ask."""

    WORSE = "worse"
    HOLDING = "holding"
    WELL = "well"
    INCONCLUSIVE = "inconclusive"


class Reason(StrEnum):
    """Why, as people read it."""

    LATENCY = "its requests are slower than those of the stable version in the same seconds"
    ERRORS = "its requests fail more often than those of the stable version in the same seconds"
    ALL_FAILED = "all of its requests fail, and those of the stable version do not"
    OVER_LIMIT = "most of its requests take longer than the service allows, unlike the stable version’s"
    TOO_FEW = "there are not yet enough requests, or not enough time has passed"
    SUSPICIOUS = "there is some evidence that it is worse, and not enough to say so"
    ENOUGH = "it had enough requests for long enough and is no worse"
    NO_DATA = "nothing was recorded"
    NOT_NUMBERS = "what was recorded are not times"
    METER_RESTARTED = "what records the requests was restarted"
    NO_CANARY_REQUESTS = "it had no requests"
    NO_STABLE_REQUESTS = "the stable version had no requests to compare with"
    DEADLINE = "its time ran out before enough was seen"


@dataclass(frozen=True, slots=True)
class CanarySettings:
    """How a release goes on: the canary's share of traffic at each step in per cent, the last one 100, which is
    the promotion and is not judged. A step ends by canary requests and by seconds that were seen, both; one
    that has not ended `deadline_seconds` after its first tick returns to stable. `limit_seconds` is what the
    service's requests may take, None where it promises nothing. Raises ValueError."""

    weights: tuple[int, ...] = (5, 25, 50, 100)
    least_samples: int = 50
    least_seconds: float = 60.0
    deadline_seconds: float = 600.0
    limit_seconds: float | None = None
    tick_seconds: float = 5.0

    def __post_init__(self) -> None:
        rising = all(low < high for low, high in zip(self.weights, self.weights[1:], strict=False))
        if len(self.weights) < 2 or not rising or self.weights[0] <= 0 or self.weights[-1] != 100:
            raise ValueError("the weights of a canary rise from above 0 to 100")
        if self.least_samples < LEAST_CANARY or not 0 < self.least_seconds <= self.deadline_seconds:
            raise ValueError(f"a step takes {LEAST_CANARY} requests or more, and can end before its deadline")
        if self.tick_seconds <= 0 or (self.limit_seconds is not None and self.limit_seconds <= 0):
            raise ValueError("times are above 0")

    @property
    def judged_steps(self) -> int:
        """How many steps have a stable version beside them."""
        return len(self.weights) - 1


@dataclass(frozen=True, slots=True)
class Requests:
    """One version's requests that ended in a tick: how long each took, in seconds, by what became of it."""

    answered: tuple[float, ...] = ()
    failed: tuple[float, ...] = ()

    @property
    def count(self) -> int:
        """All of them."""
        return len(self.answered) + len(self.failed)


@dataclass(frozen=True, slots=True)
class Tick:
    """What was recorded in one tick: `number` counts ticks of time (seconds since 1970 by their length), `step`
    is the index of the weight in force, `meter` the life of what records: another one has lost what was before
    it. None where nothing could be read; such ticks are handed on as well, for the deadline runs by ticks."""

    number: int
    step: int
    meter: str
    canary: Requests | None
    stable: Requests | None


@dataclass(frozen=True, slots=True)
class FailedRow:
    """Since the canary last answered: its failures, and the stable version's requests in the same ticks."""

    canary: int = 0
    stable: int = 0
    stable_failed: int = 0


@dataclass(frozen=True, slots=True)
class CanaryState:
    """What is known after some ticks; bounded, and JSON by `dump` and `load`. `since` has the counts from each
    step's begin until now. `seen` are the step's ticks with data, `unseen` those without since the last one
    with it; `alarm` and `expired` are final."""

    step: int = 0
    began: int | None = None
    number: int | None = None
    meter: str | None = None
    seen: int = 0
    unseen: int = 0
    blind: Reason | None = None
    samples: int = 0
    batch: Batch = field(default_factory=Batch)
    row: FailedRow = field(default_factory=FailedRow)
    since: tuple[Counts, ...] = field(default_factory=lambda: (Counts(),))
    alarm: Reason | None = None
    expired: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the ticks so far come to. `returns` says that all traffic goes back to stable: worse, or the step's
    deadline has passed. `samples` (the canary's answers that were weighed) and `seconds` are what the step has
    seen, `blind_seconds` how long nothing was."""

    verdict: Verdict
    reason: Reason
    returns: bool
    samples: int
    seconds: float
    blind_seconds: float
    latency: Evidence
    errors: Evidence


_STATE = TypeAdapter(CanaryState)


def dump(state: CanaryState) -> dict[str, Any]:
    """The state as JSON values."""
    written: dict[str, Any] = _STATE.dump_python(state, mode="json")
    return written


def load(written: dict[str, Any]) -> CanaryState:
    """The state that was dumped. Raises pydantic.ValidationError."""
    return _STATE.validate_python(written)


def advance(state: CanaryState, tick: Tick, settings: CanarySettings) -> CanaryState:
    """The state after a tick. One that was counted already, or is older than the last one, changes nothing: so
    does any after an end. Raises ValueError for a step that is not judged, or that goes back."""
    if state.alarm or state.expired or (state.number is not None and tick.number <= state.number):
        return state
    if not state.step <= tick.step < settings.judged_steps:
        raise ValueError(f"step {tick.step} does not follow step {state.step} of {settings.judged_steps}")
    if tick.step > state.step:
        state = _begun(state, tick.step)
    missed = 0 if state.number is None else tick.number - state.number - 1
    seen = _seen(state, tick)
    began = tick.number if state.began is None else state.began
    state = replace(state, number=tick.number, meter=tick.meter, began=began)
    if isinstance(seen, Reason):
        state = replace(state, blind=seen, unseen=state.unseen + missed + 1)
    else:
        state = _counted(replace(state, blind=None, unseen=0, seen=state.seen + 1), *seen, settings)
    passed = (tick.number - began + 1) * settings.tick_seconds
    if state.alarm is not None or passed < settings.deadline_seconds:
        return state
    return replace(state, expired=judge(state, settings).verdict is not Verdict.WELL)


def judge(state: CanaryState, settings: CanarySettings) -> Judgement:
    """What the state says."""
    weighed_latency = latency(state.since, settings.judged_steps)
    weighed_errors = errors(state.since, settings.judged_steps)
    verdict, reason = _verdict(state, settings, max(weighed_latency.e_value, weighed_errors.e_value))
    return Judgement(
        verdict,
        reason,
        returns=state.expired or state.alarm is not None,
        samples=state.samples,
        seconds=state.seen * settings.tick_seconds,
        blind_seconds=state.unseen * settings.tick_seconds,
        latency=weighed_latency,
        errors=weighed_errors,
    )


def _verdict(state: CanaryState, settings: CanarySettings, e_value: float) -> tuple[Verdict, Reason]:
    """What the state says, whose larger e-value is given."""
    if state.alarm is not None:
        return Verdict.WORSE, state.alarm
    if state.expired:
        return Verdict.INCONCLUSIVE, Reason.DEADLINE
    if state.number is None:
        return Verdict.INCONCLUSIVE, Reason.NO_DATA
    if state.blind is not None:
        return Verdict.INCONCLUSIVE, state.blind
    if e_value >= SUSPICION:
        return Verdict.HOLDING, Reason.SUSPICIOUS
    long_enough = state.seen * settings.tick_seconds >= settings.least_seconds
    if state.samples >= settings.least_samples and long_enough:
        return Verdict.WELL, Reason.ENOUGH
    return Verdict.HOLDING, Reason.TOO_FEW


def _begun(state: CanaryState, step: int) -> CanaryState:
    """A later step's begin. What waits in the batch is let go: ticks with other weights cannot be pooled, for
    who has more of the later ones would be blamed for what happened to both in them."""
    since = state.since + (Counts(),) * (step - state.step)
    return replace(state, step=step, began=None, seen=0, samples=0, batch=Batch(), since=since)


def _seen(state: CanaryState, tick: Tick) -> tuple[Requests, Requests] | Reason:
    """What a tick shows of the canary and of the stable version, or why nothing can be learned from it."""
    canary, stable = tick.canary, tick.stable
    if canary is None or stable is None:
        return Reason.NO_DATA
    if state.meter is not None and tick.meter != state.meter:
        return Reason.METER_RESTARTED
    times = chain(canary.answered, canary.failed, stable.answered, stable.failed)
    if not all(0 <= seconds < math.inf for seconds in times):
        return Reason.NOT_NUMBERS
    if not canary.count:
        return Reason.NO_CANARY_REQUESTS
    return (canary, stable) if stable.count else Reason.NO_STABLE_REQUESTS


def _counted(state: CanaryState, canary: Requests, stable: Requests, settings: CanarySettings) -> CanaryState:
    """A tick with requests of both: into the batch, and the batch into the counts once it is large enough."""
    old, row = state.batch, state.row
    batch = Batch(
        (*old.canary, *canary.answered)[:MOST_KEPT],
        (*old.stable, *stable.answered),
        old.canary_failed + len(canary.failed),
        old.stable_failed + len(stable.failed),
    )
    failed, beside = row.canary + canary.count, row.stable + stable.count
    beside_failed = row.stable_failed + len(stable.failed)
    row = FailedRow() if canary.answered else FailedRow(failed, beside, beside_failed)
    state = replace(state, batch=batch, row=row, alarm=_all_failed(row))
    if batch.stable_count < LEAST_STABLE:
        return state
    since = tuple(weighed(one, batch) for one in state.since)
    timed = since[0].timed - state.since[0].timed
    state = replace(state, batch=Batch(), samples=state.samples + timed, since=since)
    return replace(state, alarm=state.alarm or _over_limit(batch, settings) or _alarm(state, settings))


def _all_failed(row: FailedRow) -> Reason | None:
    enough = min(row.canary, row.stable) >= FAILED_IN_A_ROW
    return Reason.ALL_FAILED if enough and row.stable_failed < row.stable / 2 else None


def _over_limit(batch: Batch, settings: CanarySettings) -> Reason | None:
    limit = settings.limit_seconds
    if limit is None or len(batch.canary) < LEAST_CANARY or len(batch.stable) < LEAST_TIMED:
        return None
    canary = sum(seconds > limit for seconds in batch.canary) / len(batch.canary)
    stable = sum(seconds > limit for seconds in batch.stable) / len(batch.stable)
    return Reason.OVER_LIMIT if canary > 0.5 and stable < 0.1 else None


def _alarm(state: CanaryState, settings: CanarySettings) -> Reason | None:
    if state.since[0].requests < LEAST_CANARY:
        return None
    if errors(state.since, settings.judged_steps).is_alarming:
        return Reason.ERRORS
    return Reason.LATENCY if latency(state.since, settings.judged_steps).is_alarming else None
