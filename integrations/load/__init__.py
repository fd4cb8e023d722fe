"""Load: requests to a service of ours at a rate, to see how it stands them. The port of every generator.

The model is open: requests are sent when they are due, whether or not earlier ones were answered, for a service
that is overloaded would otherwise slow down who measures it and look well (Schroeder, Wierman, Harchol-Balter,
"Open versus closed: a cautionary tale", NSDI 2006). Latencies count from when a request was due. A generator
that cannot keep its own schedule says so, and its run is invalid: it shows nothing about the service.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from governance.action import Grant

MOST_RATE = 50_000.0
"""Requests a second."""
MOST_SECONDS = 7_200.0
LEASE_SECONDS = 15.0
"""For so long a load goes on that nobody renews, unless its plan says otherwise."""
MOST_LEASE_SECONDS = 60.0

MOST_PARTS = 100
"""Stages, and paths, of one plan."""
LONGEST_PATH = 2_000

_FINEST_SECONDS = 1e-4
_GROWTH = 1.02


@dataclass(frozen=True, slots=True)
class Stage:
    """So many requests a second for so many seconds, evenly spaced."""

    rate: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Path:
    """Where requests go at the address; those with twice the weight are sent twice as often."""

    path: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """What users do, as a company has written it down: the file, in the department's folder, and the SHA-256
    (hex) of what stands in it."""

    file: str
    digest: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sent to `address` (scheme, host and port, no more): GET requests, stage after stage. One that has
    no whole answer within `timeout_seconds` failed. Above `lateness_limit` seconds of lateness at p99, in any
    stage, the run is invalid. Where nobody renews it for `lease_seconds`, the run ends by itself. With a
    `scenario` its steps are driven in the place of `paths`, at each stage's rate. Raises ValueError."""

    address: str
    stages: tuple[Stage, ...]
    paths: tuple[Path, ...] = (Path("/"),)
    timeout_seconds: float = 10.0
    lateness_limit: float = 0.05
    lease_seconds: float = LEASE_SECONDS
    scenario: Scenario | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.stages) <= MOST_PARTS or not 0 < len(self.paths) <= MOST_PARTS:
            raise ValueError(f"a load has 1 to {MOST_PARTS} stages and as many paths")
        if not all(0 < one.rate <= MOST_RATE and one.seconds > 0 for one in self.stages):
            raise ValueError(f"a stage has a rate up to {MOST_RATE:g} requests a second, and lasts")
        if not self.seconds <= MOST_SECONDS:
            raise ValueError(f"a load lasts {MOST_SECONDS:g} seconds at most")
        for one in self.paths:
            is_path = one.path.startswith("/") and one.path.isascii() and one.path.isprintable()
            if not is_path or len(one.path) > LONGEST_PATH or not 0 < one.weight < math.inf:
                raise ValueError("a path begins with a slash, is plain text, and has a weight above 0")
        if not (0 < self.timeout_seconds <= 60 and 0 < self.lateness_limit <= 10):
            raise ValueError("requests wait up to 60 seconds, and may be sent up to 10 late")
        if not 0 < self.lease_seconds <= MOST_LEASE_SECONDS:
            raise ValueError(f"a load goes on for {MOST_LEASE_SECONDS:g} seconds at most that nobody renews")

    @property
    def seconds(self) -> float:
        """How long requests are sent."""
        return sum(one.seconds for one in self.stages)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Durations, counted in buckets that each are 2 % longer than the one before, from .1 ms on."""

    counts: Mapping[int, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many."""
        return sum(self.counts.values())

    def quantile(self, share: float) -> float:
        """The duration in seconds that this share of them did not exceed, 2 % too long at most; 0 of none."""
        seen, wanted = 0, share * self.count
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= wanted:
                return _FINEST_SECONDS * _GROWTH**bucket
        return 0.0


def bucket_of(seconds: float) -> int:
    """The histogram's bucket of a duration."""
    return max(math.ceil(math.log(max(seconds, _FINEST_SECONDS) / _FINEST_SECONDS) / math.log(_GROWTH)), 0)


def together(parts: Iterable[Histogram]) -> Histogram:
    """Several histograms as one."""
    counts: dict[int, int] = {}
    for part in parts:
        for bucket, count in part.counts.items():
            counts[bucket] = counts.get(bucket, 0) + count
    return Histogram(counts)


@dataclass(frozen=True, slots=True)
class Second:
    """One second of one stage's requests (the first second is 0): what was `sent` in it and how late, and which
    answers and failures came in it. `failures` says why they are (a status from 400 on, `timeout`,
    `no connection`, `broken off`). `unsent` requests were due and not sent, for too many were under way."""

    second: int
    stage: int
    sent: int
    answered: int
    failed: int
    unsent: int
    under_way: int
    latency: Histogram
    lateness: Histogram
    failures: Mapping[str, int]


class State(StrEnum):
    """How a run stands. `lapsed` was not renewed in time and ended by itself; `died` did not come to its plan's
    end though nobody stopped it."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    LAPSED = "lapsed"
    DIED = "died"


@dataclass(frozen=True, slots=True)
class Progress:
    """A run so far; `invalid` says why it shows nothing about the service, None where it does as yet."""

    run: str
    plan: Plan
    state: State
    seconds: tuple[Second, ...]
    invalid: str | None


class LoadError(Exception):
    """Nothing was sent. The text is for people."""


class AddressNotListed(LoadError):
    """The address is none of those that load may be sent to."""


class GrantSpent(LoadError):
    """This grant's id has already started another load."""


class NoSuchRun(LoadError, LookupError):
    """There is no such run."""


class Load(Protocol):
    """A run belongs to the process that started it, ends with it, and by itself soon after its plan. It is on a
    lease: whoever watches it renews it, and where nobody does, for whatever reason (a halt, a freeze, a watch
    that waits or is on another machine), it ends by itself within its plan's `lease_seconds`."""

    async def scenario(self, service: str) -> Scenario | None:
        """What this generator would drive of a service's own, where nothing else is said; None where there is
        none."""

    async def start_load(self, grant: Grant, plan: Plan) -> str:
        """Begin to send, and return the run's id, which is the grant's: a repeated call returns it and sends
        nothing more. Raises AddressNotListed for any address but those that this port was opened with, and
        LoadError for a scenario that is not what it was, or that it cannot drive."""

    async def stop_load(self, run: str) -> Progress:
        """Send no more, let go of what is under way, and return how it ended; one that has ended stays as it
        is. Ending a load is always allowed. Raises NoSuchRun."""

    async def renew(self, run: str) -> None:
        """Let it go on for another lease: not an effect, for it only keeps what a grant has given. One that is
        over stays so. Raises NoSuchRun."""

    async def progress(self, run: str) -> Progress:
        """How a run stands, in whoever's process it was started. It renews nothing. Raises NoSuchRun."""

    async def what_happened(self, grant: str) -> str | None:
        """After a crash: what the effect with this grant id came to, in words, or None if it never began."""


def invalid_because(plan: Plan, state: State, seconds: Iterable[Second]) -> str | None:
    """Why a run shows nothing about the service; None where it does. Whether it was too little that was sent is
    for whoever judges it to say: a service that does not answer leaves no room to send more."""
    seconds = tuple(seconds)
    if state is State.DIED:
        return "the generator ended before its plan did"
    if state is State.LAPSED:
        return f"nobody watched it for {plan.lease_seconds:g} s, so it ended by itself"
    for number in range(len(plan.stages)):
        late = together(one.lateness for one in seconds if one.stage == number).quantile(0.99)
        if late > plan.lateness_limit:
            limit = plan.lateness_limit
            return f"the generator was {late:.3g} s late at p99 in stage {number + 1}, more than {limit:g} s"
    return None
