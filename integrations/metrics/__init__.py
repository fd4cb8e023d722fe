"""Metrics: how services do, as numbers over time. The port of every store of time series; it only reads.

What is asked for is named by its meaning (`Measure`), never in a vendor's language: the answer carries the
exact query as its source. What is not known is NaN or not there at all, and never zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from integrations.deployments import Stage

MOST_POINTS = 11_000
"""In one series; Prometheus answers with no more."""

MOST_SERIES = 1_000
"""In one answer."""


class Dimension(StrEnum):
    """What figures are told apart by."""

    SERVICE = "service"
    STAGE = "stage"
    VERSION = "version"
    ROUTE = "route"
    CALLEE = "callee"


class Measure(StrEnum):
    """What can be asked for. Rates are per second, over the window that ends at each time; latencies are those
    of the requests that ended in it, in seconds, and NaN where there was none.

    A quantile is read off a histogram: within its bucket it is interpolated, and in the last one, which is
    open, it is that bucket's lower bound. `RESETS` counts how often replicas' counters began again: figures
    of such a window are NaN, for what was counted between the last scrape and the restart is lost.
    """

    REQUESTS = "requests"
    FAILED = "failed requests"
    LATENCY_MEAN = "mean latency"
    LATENCY_P50 = "median latency"
    LATENCY_P95 = "95th percentile of latency"
    LATENCY_P99 = "99th percentile of latency"
    CALLS = "outgoing calls"
    FAILED_CALLS = "failed outgoing calls"
    CALL_LATENCY_MEAN = "mean latency of outgoing calls"
    POOL_IN_USE = "connections in use"
    POOL_SIZE = "connections in the pool"
    REPLICAS = "replicas that answer"
    RESETS = "restarts of counters"

    @property
    def unit(self) -> str:
        """What people read after a value."""
        if self in (Measure.REQUESTS, Measure.FAILED):
            return "requests/s"
        if self in (Measure.CALLS, Measure.FAILED_CALLS):
            return "calls/s"
        return "s" if "latency" in self.value else ""

    @property
    def dimensions(self) -> frozenset[Dimension]:
        """What this is told apart by."""
        everywhere = frozenset({Dimension.SERVICE, Dimension.STAGE, Dimension.VERSION})
        if self in (Measure.CALLS, Measure.FAILED_CALLS, Measure.CALL_LATENCY_MEAN):
            return everywhere | {Dimension.CALLEE}
        if self in (Measure.POOL_IN_USE, Measure.POOL_SIZE, Measure.REPLICAS, Measure.RESETS):
            return everywhere
        return everywhere | {Dimension.ROUTE}


class MetricsError(Exception):
    """The question cannot be answered as it was asked. The text is for people."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """How fine figures are: the shortest window that values are over, however short the steps. Of `older`
    figures it is another: from each age on, the longest one that applies. With shorter steps neighbouring
    values share data, so that one event shows in several of them."""

    shortest: timedelta
    older: tuple[tuple[timedelta, timedelta], ...] = ()

    def window(self, age: timedelta = timedelta(0)) -> timedelta:
        """The shortest window of figures that reach back so far."""
        return max([self.shortest, *(window for since, window in self.older if age > since)])


@dataclass(frozen=True, slots=True)
class MetricsQuery:
    """One measure at `start`, every `step` from then on, and at `end` at the latest; None does not restrict.
    There is one series for each combination of what stands in `by`. Raises MetricsError for what cannot be
    asked: no times, more than MOST_POINTS, or a dimension that the measure does not have."""

    measure: Measure
    start: datetime
    end: datetime
    step: timedelta
    service: str | None = None
    stage: Stage | None = None
    version: str | None = None
    route: str | None = None
    callee: str | None = None
    by: tuple[Dimension, ...] = ()

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise MetricsError("Times of a question about metrics need a time zone.")
        if self.end < self.start or self.step < timedelta(seconds=1):
            raise MetricsError("A question about metrics goes forward in time, by a second at least.")
        if (self.end - self.start) // self.step >= MOST_POINTS:
            raise MetricsError(f"That is more than {MOST_POINTS} points. Ask for less time, or longer steps.")
        wanted = {*self.by, *self.restricted}
        if not wanted <= self.measure.dimensions:
            unknown = ", ".join(sorted(wanted - self.measure.dimensions))
            raise MetricsError(f"{self.measure.capitalize()} cannot be told apart by {unknown}.")

    @property
    def restricted(self) -> Mapping[Dimension, str]:
        """What it asks about, as values by dimension."""
        given = {
            Dimension.SERVICE: self.service,
            Dimension.STAGE: self.stage,
            Dimension.VERSION: self.version,
            Dimension.ROUTE: self.route,
            Dimension.CALLEE: self.callee,
        }
        return {one: str(value) for one, value in given.items() if value is not None}

    @property
    def times(self) -> tuple[datetime, ...]:
        """When values are asked for."""
        return tuple(self.start + n * self.step for n in range((self.end - self.start) // self.step + 1))


@dataclass(frozen=True, slots=True)
class Series:
    """Values at regular times, with one of `values` for each of `times`; NaN where nothing is known.

    `name` is the measure's, `labels` what was told apart. `as_of` is when it was read, `source` the exact
    query: together they make a Fact's."""

    name: str
    labels: Mapping[Dimension, str]
    times: tuple[datetime, ...]
    values: tuple[float, ...]
    as_of: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question came to. No series means that nobody measures that, or measured it then, which is not
    zero. `notes` are sentences about how far it can be trusted, from the vendor or from the store itself."""

    series: tuple[Series, ...]
    as_of: datetime
    source: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallEdge:
    """Who called whom, between two times: how often, how many of these calls failed, and how long one took on
    average, in seconds (NaN where nobody measures that). A caller whose counters began again is counted on from
    zero, so that the numbers are at least that."""

    caller: str
    callee: str
    calls: float
    failed: float
    mean_seconds: float
    as_of: datetime
    source: str


class Metrics(Protocol):
    """Figures of services. A vendor that does not answer raises storage.look.Away."""

    @property
    def resolution(self) -> Resolution:
        """How fine they are, which is known without asking anybody. Who takes neighbouring values for separate
        evidence takes no shorter steps than its windows."""

    async def series(self, query: MetricsQuery) -> Answer:
        """A measure over time. Raises MetricsError where there would be more than MOST_SERIES, or where the
        vendor refuses the query."""

    async def call_edges(self, stage: Stage | None, start: datetime, end: datetime) -> Sequence[CallEdge]:
        """The calls between services in a stage, most frequent first. Raises MetricsError."""
