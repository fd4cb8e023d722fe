"""What an investigation found, and the facts behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite

from agents.operations.burden import Metric
from agents.operations.causes import Cause, Explanation
from agents.operations.suspect_changes import Changes, Suspect
from governance.facts import Fact, Source
from integrations.deployments import Stage
from integrations.metrics import Measure


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be explained: `targets` are services, none means whichever was worst. From `start` until `end`
    it is looked for; it may have begun before."""

    targets: tuple[str, ...]
    stage: Stage
    metrics: tuple[Metric, ...]
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question to the metrics: how many series came back, and by which exact query."""

    measure: Measure
    series: int
    as_of: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Explained:
    """One metric of one target. `began` and `ended` are None where nothing was worse, `ended` also where it is
    not over. `level` is the target's, at `times`: seconds, or the share of requests that failed, NaN where
    nothing was measured. `changes` are those of the causes and of what they call, or without a cause of all
    that was looked at."""

    explanation: Explanation
    began: datetime | None
    ended: datetime | None
    times: tuple[datetime, ...]
    level: tuple[float, ...]
    changes: Changes

    @property
    def first(self) -> Cause | None:
        """The cause with the greatest share."""
        return next(iter(self.explanation.causes), None)

    @property
    def suspect(self) -> Suspect | None:
        """The nearest change of the first cause before it began, else the nearest of what that calls."""
        if self.first is None:
            return None
        own = (one for one in self.changes.before if one.change.target.service == self.first.service)
        return next(own, None) or next(iter(self.changes.before), None)


@dataclass(frozen=True, slots=True)
class Findings:
    """`explained` has one entry for each metric, the one with a cause first; none where no target is measured.
    `measured` are the services of the stage that were, `unmeasured` those that were called and were not;
    `missing` what nobody measures at all. `notes` say how far the figures can be trusted."""

    question: Question
    step: timedelta
    explained: tuple[Explained, ...]
    measured: tuple[str, ...]
    unmeasured: tuple[str, ...]
    missing: tuple[Measure, ...]
    lookups: tuple[Lookup, ...]
    notes: tuple[str, ...]
    as_of: datetime

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Every number of it, with where it comes from."""
        asked = {one.measure: f"q{number}" for number, one in enumerate(self.lookups, 1)}
        looked_up = [
            Fact(asked[one.measure], f"Series of {one.measure}", one.series, "series", one.as_of, _query(one))
            for one in self.lookups
        ]
        seconds = self.step.total_seconds()
        windows = Source("computation", "the shortest windows in which figures as old as these share nothing")
        services = Source("computation", "services with a series of requests", (asked[Measure.REQUESTS],))
        return (
            *looked_up,
            Fact("window", "Length of a window", seconds, "s", self.as_of, windows),
            Fact("measured", "Measured services", len(self.measured), "services", self.as_of, services),
            *(fact for one in self.explained for fact in _facts(one, asked, self.as_of)),
        )


def _query(lookup: Lookup) -> Source:
    return Source("query", lookup.source)


def _facts(one: Explained, asked: Mapping[Measure, str], at: datetime) -> Iterator[Fact]:
    found, metric = one.explanation, one.explanation.metric
    level = Measure.LATENCY_MEAN if metric is Metric.LATENCY else Measure.FAILED
    used = (Measure.REQUESTS, level, Measure.CALLS)
    inputs = tuple(asked[measure] for measure in used if measure in asked)
    unit = "s" if metric is Metric.LATENCY else "failed requests"
    id = metric.value

    def worked_out(detail: str) -> Source:
        return Source("computation", detail, inputs)

    windows = worked_out(f"windows of {found.target} in which all of these are known")
    normal, during = found.looked_at.normal_windows, found.looked_at.incident_windows
    yield Fact(f"{id}_normal", "Windows of the normal period", normal, "windows", at, windows)
    yield Fact(f"{id}_during", "Windows of the incident", during, "windows", at, windows)
    for key, name, value in _extremes(one):
        detail = f"of {found.target}'s values in all windows that were looked up"
        yield Fact(f"{id}_{key}", name, value, _UNITS[metric], at, worked_out(f"the {key} {detail}"))
    if one.began is None:
        return
    detail = f"{found.target}'s burden beyond its usual one a request, at the same traffic, summed up"
    name = f"What {found.target} added"
    yield Fact(f"{id}_added", name, round(found.added, 3), unit, at, worked_out(detail))
    began = worked_out(f"the first window from which {found.target} lies beyond chance (maximal segment)")
    yield Fact(f"{id}_began", f"When {found.target} became worse", one.began.isoformat(), "", at, began)
    if one.ended is not None:
        ended = worked_out(f"the last window of that segment of {found.target}'s")
        yield Fact(
            f"{id}_ended", f"When {found.target} was as usual again", one.ended.isoformat(), "", at, ended
        )
    for number, cause in enumerate(found.causes, 1):
        yield from _cause(f"{id}_{number}", cause, found.target, at, inputs)
    yield from _changes(id, (*one.changes.before, *one.changes.afterwards), at)


_UNITS = {Metric.LATENCY: "s a request", Metric.AVAILABILITY: "failures a request"}


def _extremes(one: Explained) -> Iterator[tuple[str, str, float]]:
    known = [value for value in one.level if isfinite(value)]
    if known:
        of = f"{'latency' if one.explanation.metric is Metric.LATENCY else 'share of failures'} of a window"
        yield "least", f"Least {of}", _digits(min(known))
        yield "most", f"Greatest {of}", _digits(max(known))


def _digits(value: float) -> float:
    """As exactly as it is shown, and more."""
    return float(f"{value:.4g}")


def _cause(id: str, cause: Cause, target: str, at: datetime, inputs: tuple[str, ...]) -> Iterator[Fact]:
    share = f"projection of {cause.service}'s own burden on what {target} added, window by window"
    level = "latency" if cause.metric is Metric.LATENCY else "failures a request"
    usual = f"median of {cause.service}'s {level} over the normal period's windows"
    during = f"mean of {cause.service}'s {level} over the incident's windows"
    beyond = f"the lesser of two windows running of {cause.service}'s, in deviations of its normal period"
    a_request = _UNITS[cause.metric]
    values: Sequence[tuple[str, str, float, str, str]] = (
        ("share", f"Explained by {cause.service}", round(100 * cause.share, 1), "%", share),
        ("usual", f"{cause.service} usually", _digits(cause.usual), a_request, usual),
        ("worse", f"{cause.service} in the incident", _digits(cause.during), a_request, during),
        ("z", f"{cause.service} beyond its normal period", round(cause.z, 1), "deviations", beyond),
    )
    for key, name, value, unit, detail in values:
        yield Fact(f"{id}_{key}", name, value, unit, at, Source("computation", detail, inputs))
    for more in cause.more_calls:
        detail = f"calls of {cause.service} to {more.callee} by its requests, medians of both periods"
        source = Source("computation", detail, inputs)
        name = f"Calls to {more.callee} in one request of {cause.service}"
        yield Fact(f"{id}_{more.callee}_before", f"{name}, usually", _digits(more.usual), "calls", at, source)
        yield Fact(f"{id}_{more.callee}_now", f"{name}, then", _digits(more.during), "calls", at, source)


def _changes(id: str, suspects: Sequence[Suspect], at: datetime) -> Iterator[Fact]:
    for number, one in enumerate(suspects, 1):
        target = one.change.target
        seconds = round(abs(one.before.total_seconds()))
        when = "before it began" if one.is_before else "after it had begun"
        source = Source("query", f"the platform's history of {target}: change {one.change.id}")
        name = f"{target.service} {one.change.version} {one.change.kind}, {when}"
        yield Fact(f"{id}_change_{number}", name, seconds, "s", at, source)
        replicas, share = f"{id}_change_{number}_replicas", f"{id}_change_{number}_share"
        yield Fact(replicas, f"Replicas of {target.service} then", one.change.replicas, "replicas", at, source)
        canary = f"Share of the traffic of {target.service}'s canary then"
        yield Fact(share, canary, round(100 * one.change.share, 1), "%", at, source)
