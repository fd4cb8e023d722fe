"""Prometheus, and what speaks its HTTP API: https://prometheus.io/docs/prometheus/latest/querying/api/."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator

from integrations.deployments import Stage
from integrations.integration import Checked, Integration, Surroundings, VendorSettings
from integrations.metrics import (
    MOST_SERIES,
    Answer,
    CallEdge,
    Dimension,
    Measure,
    MetricsError,
    MetricsQuery,
    Resolution,
    Series,
)
from integrations.metrics.promql import OPENTELEMETRY, PROMETHEUS, Convention, Edges
from integrations.web_service import Bounded, Manners, Refused, WebService
from storage.look import Away

WHO = "Prometheus"
MOST_BYTES = 32_000_000
"""Of one answer; a longer one is not read to its end."""

_CONVENTIONS = {"prometheus": PROMETHEUS, "opentelemetry": OPENTELEMETRY}


class PrometheusSettings(VendorSettings):
    """Where it is, who asks, and how metrics are named there."""

    prometheus_url: str = Field(description="Its address, with the prefix where it has one.")
    prometheus_token: SecretStr | None = Field(default=None, description="Bearer token, where it wants one.")
    prometheus_user: str | None = Field(default=None, description="For basic authentication.")
    prometheus_password: SecretStr | None = Field(default=None, description="Belongs to PROMETHEUS_USER.")
    prometheus_convention: Literal["prometheus", "opentelemetry"] = Field(
        default="prometheus", description="How metrics and labels are named there."
    )
    prometheus_names: Path | None = Field(
        default=None, description="A YAML file with labels and queries of your own, where yours differ."
    )
    prometheus_window_seconds: float = Field(
        default=60.0, ge=1, description="Rates are taken over at least so long: four scrape intervals."
    )

    @field_validator("prometheus_url")
    @classmethod
    def _address(cls, written: str) -> str:
        url = httpx.URL(written)
        if url.scheme not in ("http", "https") or not url.host or url.userinfo:
            raise ValueError("must be an http or https address without a user in it")
        return f"{written.rstrip('/')}/"


class _Edges(BaseModel):
    model_config = ConfigDict(extra="forbid")
    calls: str | None = None
    failed: str | None = None
    seconds: str | None = None


class _Names(BaseModel):
    """What `PROMETHEUS_NAMES` may say."""

    model_config = ConfigDict(extra="forbid")
    labels: dict[Dimension, str] = {}
    queries: dict[Measure, str] = {}
    edges: _Edges = _Edges()


def names(settings: PrometheusSettings) -> Convention:
    """How metrics are named there: by a convention, but for what a file of the company's own says.

    Raises MetricsError where that cannot be read."""
    known = _CONVENTIONS[settings.prometheus_convention]
    file = settings.prometheus_names
    if file is None:
        return known
    try:
        own = _Names.model_validate(yaml.safe_load(file.read_text("utf-8")) or {})
        edges = Edges(
            own.edges.calls or known.edges.calls,
            own.edges.failed or known.edges.failed,
            own.edges.seconds or known.edges.seconds,
        )
        named = Convention({**known.labels, **own.labels}, {**known.queries, **own.queries}, edges)
        for measure in own.queries:
            named.query(measure, {}, (), 60)
        named.edge_queries({}, 60)
    except (OSError, ValueError, KeyError, yaml.YAMLError) as wrong:
        raise MetricsError(f"{file} cannot be read as names of metrics: {wrong}") from wrong
    return named


def _number(written: object) -> float:
    # The API writes numbers as texts, among them NaN and +Inf.
    if not isinstance(written, str):
        raise ValueError("a value is a text")
    return float(written)


_Value = tuple[float, Annotated[float, BeforeValidator(_number)]]


class _Result(BaseModel):
    metric: dict[str, str]
    values: list[_Value] = []
    value: _Value | None = None


class _Data(BaseModel):
    result: list[_Result]


class _Answered(BaseModel):
    status: Literal["success"]
    data: _Data
    warnings: list[str] = []
    infos: list[str] = []

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(f"{WHO} says: {one[:300]}" for one in (*self.warnings, *self.infos)[:20])


@dataclass(frozen=True)
class PrometheusMetrics:
    """See `integrations.metrics.Metrics`. `shortest_window` in seconds."""

    service: WebService
    names: Convention
    shortest_window: float
    title: str = WHO

    @property
    def resolution(self) -> Resolution:
        """See Metrics.resolution."""
        return Resolution(timedelta(seconds=self.shortest_window))

    async def series(self, query: MetricsQuery) -> Answer:
        """See Metrics.series."""
        window = max(query.step.total_seconds(), self.shortest_window)
        asked = self.names.query(query.measure, query.restricted, query.by, window)
        start, end, step = query.start.timestamp(), query.end.timestamp(), query.step.total_seconds()
        found = await self._ask("query_range", query=asked, start=start, end=end, step=step)
        as_of = datetime.now(UTC)
        source = f"{asked} from {query.start:%FT%T%z} to {query.end:%FT%T%z} every {step:g} s, in {WHO}"
        if len(found.data.result) > MOST_SERIES:
            raise MetricsError(
                f"{query.measure.capitalize()} has {len(found.data.result)} series there; at most"
                f" {MOST_SERIES} are read. Ask about one service, or tell less apart."
            )
        series: dict[tuple[str, ...], Series] = {}
        for one in found.data.result:
            labels = {by: one.metric.get(self.names.labels[by], "") for by in query.by}
            if tuple(labels.values()) in series:
                raise MetricsError(f"Several series are alike in what was asked for: {source}")
            values = _on_grid(one.values, start, step, len(query.times))
            series[tuple(labels.values())] = Series(
                query.measure.value, labels, query.times, values, as_of, source
            )
        return Answer(tuple(series[key] for key in sorted(series)), as_of, source, found.notes)

    async def call_edges(self, stage: Stage | None, start: datetime, end: datetime) -> Sequence[CallEdge]:
        """See Metrics.call_edges."""
        where = {} if stage is None else {Dimension.STAGE: stage.value}
        asked = self.names.edge_queries(where, (end - start).total_seconds())
        calls = await self._by_edge(asked.calls, end)
        failed = await self._by_edge(asked.failed, end)
        seconds = await self._by_edge(asked.seconds, end)
        as_of, source = datetime.now(UTC), f"{asked.calls} at {end:%FT%T%z}, in {WHO}"
        edges = [
            CallEdge(
                *edge,
                calls=count,
                failed=failed.get(edge, math.nan),
                mean_seconds=seconds.get(edge, math.nan) / count if count else math.nan,
                as_of=as_of,
                source=source,
            )
            for edge, count in calls.items()
        ]
        return sorted(edges, key=lambda one: (-one.calls, one.caller, one.callee))

    async def has(self, measure: Measure, at: datetime) -> bool:
        """Whether anybody measures it."""
        asked = self.names.query(measure, {}, (), max(self.shortest_window, 300.0))
        return bool((await self._ask("query", query=asked, time=at.timestamp())).data.result)

    async def _by_edge(self, query: str, at: datetime) -> Mapping[tuple[str, str], float]:
        found = await self._ask("query", query=query, time=at.timestamp())
        caller, callee = (self.names.labels[one] for one in (Dimension.SERVICE, Dimension.CALLEE))
        if len(found.data.result) > MOST_SERIES:
            raise MetricsError(f"More than {MOST_SERIES} pairs of services call each other there.")
        return {
            (one.metric.get(caller, ""), one.metric.get(callee, "")): one.value[1]
            for one in found.data.result
            if one.value is not None
        }

    async def _ask(self, path: str, **given: str | float) -> _Answered:
        # Numbers exactly as they are: a rounded start would be another grid.
        asked = {name: one if isinstance(one, str) else repr(one) for name, one in given.items()}
        try:
            found = await self.service.call("GET", f"api/v1/{path}", query=asked)
        except Refused as refused:
            raise MetricsError(f"{refused} (asked for {given['query']})") from refused
        try:
            return _Answered.model_validate(found)
        except ValidationError as wrong:
            raise Away(WHO, "answered with something that is none of its answers") from wrong


def _on_grid(values: Iterable[_Value], start: float, step: float, points: int) -> tuple[float, ...]:
    """Each value at its place among the times that were asked for, and NaN where there is none."""
    on = [math.nan] * points
    for at, value in values:
        place = round((at - start) / step)
        if 0 <= place < points:
            on[place] = value
    return tuple(on)


def _settings(around: Surroundings) -> PrometheusSettings:
    if not isinstance(around.settings, PrometheusSettings):
        raise TypeError("Prometheus is opened with its settings")
    return around.settings


def _open(around: Surroundings) -> PrometheusMetrics:
    settings = _settings(around)
    token, password = settings.prometheus_token, settings.prometheus_password
    headers: dict[str, str] = {}
    if token is not None:
        headers["Authorization"] = f"Bearer {token.get_secret_value()}"
    user = settings.prometheus_user
    auth = None if user is None else httpx.BasicAuth(user, password.get_secret_value() if password else "")
    client = httpx.AsyncClient(
        base_url=settings.prometheus_url, headers=headers, auth=auth, transport=Bounded(MOST_BYTES)
    )
    secrets = tuple(one.get_secret_value() for one in (token, password) if one is not None)
    service = WebService(WHO, client, Manners(), secrets)
    return PrometheusMetrics(service, names(settings), settings.prometheus_window_seconds)


async def _close(port: Any) -> None:
    await port.service.client.aclose()


async def _check(around: Surroundings) -> Iterable[Checked]:
    try:
        port = _open(around)
    except MetricsError as wrong:
        return (Checked(WHO, "wrong", str(wrong)),)
    try:
        at = datetime.now(UTC) - timedelta(seconds=1)
        without = [measure.value for measure in Measure if not await port.has(measure, at)]
    except (Away, MetricsError) as wrong:
        return (Checked(WHO, "wrong", f"{wrong}; see PROMETHEUS_URL"),)
    finally:
        await _close(port)
    if without:
        says = f"it answers, but has no data for: {', '.join(without)}; see PROMETHEUS_CONVENTION and _NAMES"
        return (Checked(WHO, "advice", says),)
    return (Checked(WHO, "well", "it answers, and has data for every measure"),)


INTEGRATION = Integration(
    "metrics", "prometheus", WHO, _open, settings=PrometheusSettings, check=_check, close=_close
)
