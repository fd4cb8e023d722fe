"""A stage whose figures are known: what its services did window by window, and what was deployed there.

Checkout calls auth once, and orders and payments once each; what of it was worse, from when until when, is said
by the test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import numpy as np

from integrations.deployments import (
    Change,
    ChangeKind,
    ChangeQuery,
    Release,
    ReleaseQuery,
    Stage,
    Status,
    Target,
)
from integrations.metrics import Answer, Dimension, Measure, MetricsQuery, Resolution, Series
from integrations.pages import Page, Part
from integrations.ports import Ports
from integrations.services import Service as Described

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BEGAN = datetime(2026, 11, 24, 3, 2, tzinfo=UTC)
ENDED = datetime(2026, 11, 24, 3, 19, tzinfo=UTC)
OWN = {"checkout": 0.03, "auth": 0.01, "orders": 0.02, "payments": 0.05}
CALLEES = ("auth", "orders", "payments")
FAILING = 0.002


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


@dataclass
class RecordedStage:
    """The ports of it. `slower` multiplies a service's own time between `began` and `ended`, `failing` adds to
    its failures a request, `calls` multiplies how often checkout calls it, `traffic` all visits. `gone` are
    services without metrics, `nan` those whose figures of that time are lost, `since` when metrics begin."""

    slower: Mapping[str, float] = field(default_factory=dict)
    failing: Mapping[str, float] = field(default_factory=dict)
    calls: Mapping[str, float] = field(default_factory=dict)
    traffic: float = 1.0
    began: datetime = BEGAN
    ended: datetime = ENDED
    since: datetime = NOW - timedelta(days=3)
    gone: frozenset[str] = frozenset()
    nan: frozenset[str] = frozenset()
    counts_calls: bool = True
    changes: list[Change] = field(default_factory=list)
    brought_out: list[Release] = field(default_factory=list)
    depends_on: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"checkout": CALLEES})
    asked: list[MetricsQuery] = field(default_factory=list)
    resolution: Resolution = field(default_factory=lambda: Resolution(timedelta(seconds=15)))

    @property
    def ports(self) -> Ports:
        return Ports(*[cast(Any, self)] * len(Ports.__dataclass_fields__))

    async def series(self, query: MetricsQuery) -> Answer:
        self.asked.append(query)
        source = f"{query.measure} by {', '.join(query.by)} from {query.start:%H:%M} every {query.step}"
        found = self._figures(query.times, query.step.total_seconds(), query.measure)
        series = tuple(
            Series(query.measure.value, labels, query.times, tuple(values), NOW, source)
            for labels, values in found
            if query.stage is Stage.PRODUCTION and labels[Dimension.SERVICE] not in self.gone
        )
        return Answer(series, NOW, source)

    def _figures(
        self, times: Sequence[datetime], step: float, measure: Measure
    ) -> list[tuple[dict[Dimension, str], np.ndarray[Any, Any]]]:
        """Each window is drawn by its own time, so that a later question hears the same again."""
        rows = [self._window(at, step) for at in times]
        if measure is Measure.CALLS:
            pairs = [
                ({Dimension.SERVICE: "checkout", Dimension.CALLEE: one}, [row[one, measure] for row in rows])
                for one in CALLEES
            ]
            return [(labels, np.array(values)) for labels, values in pairs] if self.counts_calls else []
        return [
            ({Dimension.SERVICE: name}, np.array([row[name, measure] for row in rows]))
            for name in OWN
            if any(np.isfinite(row[name, measure]) for row in rows)
        ]

    def _window(self, at: datetime, step: float) -> dict[tuple[str, Measure], float]:
        during = self.began < at <= self.ended
        chance = np.random.default_rng(int(at.timestamp()))
        visits = chance.poisson(20 * step * (self.traffic if during else 1.0))
        took: dict[str, float] = {}
        found: dict[tuple[str, Measure], float] = {}
        failed_calls = 0
        for name in ("auth", "orders", "payments", "checkout"):
            own = OWN[name] * (self.slower.get(name, 1.0) if during else 1.0) * chance.lognormal(0, 0.04)
            often = self.calls.get(name, 1.0) if during else 1.0
            requests = round(visits * often)
            failed = chance.binomial(requests, FAILING + (self.failing.get(name, 0.0) if during else 0.0))
            if name == "checkout":
                own += sum(took[one] * found[one, Measure.CALLS] * step / max(visits, 1) for one in CALLEES)
                failed = min(failed + failed_calls, requests)
            took[name] = own
            failed_calls += failed
            is_lost = at <= self.since or (during and name in self.nan)
            known = {Measure.REQUESTS: requests / step, Measure.FAILED: failed / step}
            known |= {Measure.LATENCY_MEAN: own if requests else np.nan, Measure.CALLS: requests / step}
            is_counted = at > self.since
            for measure, value in known.items():
                lost = not is_counted if measure is Measure.CALLS else is_lost
                found[name, measure] = np.nan if lost else value
        return found

    def deployed(
        self,
        service: str,
        version: str,
        at: datetime,
        kind: ChangeKind = ChangeKind.DEPLOYED,
        before: str = "1.0.0",
    ) -> None:
        """Note that this was done, by a release that says where it comes from."""
        target = Target(service, Stage.PRODUCTION)
        self.changes.append(
            Change(f"c{len(self.changes)}", at, target, kind, version, "d" * 64, 2, before, "g")
        )
        commit = f"c0ffee{len(self.changes)}"
        self.brought_out.append(Release(service, version, "d" * 64, at, commit, "wei.zhangwen", "CARD-7"))

    async def history(self, query: ChangeQuery) -> Page[Change]:
        of_it = [one for one in self.changes if query.stage in (None, one.target.stage)]
        return Page(tuple(sorted(of_it, key=lambda one: one.at, reverse=True)), None)

    async def releases(self, query: ReleaseQuery) -> Page[Release]:
        return Page(tuple(self.brought_out), None)

    async def status(self, target: Target) -> Status:
        return Status(target, None, None, None, NOW)

    async def services(self, part: Part | None = None) -> Any:
        """Both the catalogue's and the platform's."""
        if part is None:
            return tuple(OWN)
        of_it = (
            Described(id, id, "", "alpha", 1, "service", "production", None, needs, ())
            for id, needs in self.depends_on.items()
        )
        return Page(tuple(of_it), None)
