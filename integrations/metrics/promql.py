"""Measures in PromQL, for each way of naming metrics: what a vendor with Prometheus' interface asks, and what
the others give as their source.

A query is a template: `$where` are label matchers, `$by` labels to tell apart, `$window` a duration. A window
in which a counter began again has no value (`unless … resets`), and no failed request among known ones is zero
(`or 0 *`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template

from integrations.metrics import Dimension, Measure

_QUANTILES = {Measure.LATENCY_P50: 0.5, Measure.LATENCY_P95: 0.95, Measure.LATENCY_P99: 0.99}


@dataclass(frozen=True, slots=True)
class Edges:
    """The three queries that call edges are made of: calls, those that failed, seconds that they took."""

    calls: str
    failed: str
    seconds: str


@dataclass(frozen=True, slots=True)
class Convention:
    """How metrics are named: each dimension's label, each measure's query."""

    labels: Mapping[Dimension, str]
    queries: Mapping[Measure, str]
    edges: Edges

    def query(
        self, measure: Measure, where: Mapping[Dimension, str], by: Sequence[Dimension], window: float
    ) -> str:
        """The PromQL of a measure, over windows of so many seconds."""
        return self._filled(self.queries[measure], where, by, window)

    def edge_queries(self, where: Mapping[Dimension, str], window: float) -> Edges:
        """The PromQL of the calls in the last so many seconds."""
        by = (Dimension.SERVICE, Dimension.CALLEE)
        edges = self.edges
        return Edges(
            *(self._filled(one, where, by, window) for one in (edges.calls, edges.failed, edges.seconds))
        )

    def _filled(
        self, template: str, where: Mapping[Dimension, str], by: Sequence[Dimension], window: float
    ) -> str:
        return Template(template).substitute(
            where=",".join(f"{self.labels[one]}={_quoted(value)}" for one, value in where.items()),
            by=",".join(self.labels[one] for one in by),
            window=f"{round(window * 1000)}ms" if window % 1 else f"{round(window)}s",
        )


def _quoted(value: str) -> str:
    # PromQL's strings are Go's, and JSON's are a part of these.
    return json.dumps(value, ensure_ascii=False)


def _sum(function: str, counter: str, matcher: str = "") -> str:
    return f"sum by ($by) ({function}({counter}{{{matcher}$where}}[$window]))"


def _unless_reset(query: str, counter: str) -> str:
    return f"({query}) unless ({_sum('resets', counter)} > 0)"


def _named(
    labels: Mapping[Dimension, str], *, served: tuple[str, str], called: tuple[str, str], failed: str
) -> Convention:
    """What can be said in any naming: `served` and `called` are a counter and a histogram each, `failed` the
    matcher of what failed among them."""
    (requests, duration), (calls, call_duration) = served, called

    def counted(counter: str) -> str:
        return _unless_reset(_sum("rate", counter), counter)

    def failing(counter: str) -> str:
        known = f"{_sum('rate', counter, failed)} or 0 * {_sum('rate', counter)}"
        return _unless_reset(known, counter)

    def mean(histogram: str) -> str:
        divided = f"{_sum('rate', f'{histogram}_sum')} / {_sum('rate', f'{histogram}_count')}"
        return _unless_reset(divided, f"{histogram}_count")

    def quantile(q: float) -> str:
        buckets = f"sum by (le,$by) (rate({duration}_bucket{{$where}}[$window]))"
        return _unless_reset(f"histogram_quantile({q}, {buckets})", f"{duration}_count")

    restarts = f"max by (instance,$by) (resets({requests}{{$where}}[$window]))"
    queries = {
        Measure.REQUESTS: counted(requests),
        Measure.FAILED: failing(requests),
        Measure.LATENCY_MEAN: mean(duration),
        **{measure: quantile(q) for measure, q in _QUANTILES.items()},
        Measure.CALLS: counted(calls),
        Measure.FAILED_CALLS: failing(calls),
        Measure.CALL_LATENCY_MEAN: mean(call_duration),
        Measure.RESETS: f"sum by ($by) ({restarts})",
    }
    edges = Edges(
        _sum("increase", calls),
        f"{_sum('increase', calls, failed)} or 0 * {_sum('increase', calls)}",
        _sum("increase", f"{call_duration}_sum"),
    )
    return Convention(labels, queries, edges)


def _with(convention: Convention, queries: Mapping[Measure, str]) -> Convention:
    return Convention(convention.labels, {**convention.queries, **queries}, convention.edges)


PROMETHEUS = _with(
    _named(
        {one: one.value for one in Dimension},
        served=("http_requests_total", "http_request_duration_seconds"),
        called=("http_client_requests_total", "http_client_request_duration_seconds"),
        failed='code=~"5..",',
    ),
    {
        Measure.POOL_IN_USE: _sum("avg_over_time", "db_pool_in_use"),
        Measure.POOL_SIZE: _sum("avg_over_time", "db_pool_size"),
        Measure.REPLICAS: _sum("last_over_time", "up"),
    },
)
"""Names as Prometheus' own client libraries suggest them: https://prometheus.io/docs/practices/naming/."""

_OF_INSTANCES = (
    "count by (instance,$by) (last_over_time(http_server_request_duration_seconds_count{$where}[$window]))"
)

OPENTELEMETRY = _with(
    _named(
        {
            Dimension.SERVICE: "service_name",
            Dimension.STAGE: "deployment_environment_name",
            Dimension.VERSION: "service_version",
            Dimension.ROUTE: "http_route",
            Dimension.CALLEE: "server_address",
        },
        served=("http_server_request_duration_seconds_count", "http_server_request_duration_seconds"),
        called=("http_client_request_duration_seconds_count", "http_client_request_duration_seconds"),
        failed='http_response_status_code=~"5..",',
    ),
    {
        Measure.POOL_IN_USE: _sum("avg_over_time", "db_client_connection_count", 'state="used",'),
        Measure.POOL_SIZE: _sum("avg_over_time", "db_client_connection_max"),
        Measure.REPLICAS: f"count by ($by) ({_OF_INSTANCES})",
    },
)
"""OpenTelemetry's semantic conventions as Prometheus stores them, the resource attributes promoted to labels:
https://opentelemetry.io/docs/specs/semconv/http/http-metrics/."""
