"""What replicas said becomes series: summed over what is alike in what is told apart. Pure computation."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from integrations.metrics import Dimension, Measure, MetricsQuery
from integrations.metrics.vendors.local import rates
from integrations.metrics.vendors.local.rates import Floats
from integrations.metrics.vendors.local.tables import TargetRow

_SERVED, _CALLED = "http_requests_total", "http_client_requests_total"
_DURATION, _CALL_DURATION = "http_request_duration_seconds", "http_client_request_duration_seconds"

_COUNTERS: Mapping[Measure, tuple[str, ...]] = {
    Measure.REQUESTS: (_SERVED,),
    Measure.FAILED: (_SERVED,),
    Measure.RESETS: (_SERVED,),
    Measure.CALLS: (_CALLED,),
    Measure.FAILED_CALLS: (_CALLED,),
    Measure.LATENCY_MEAN: (f"{_DURATION}_sum", f"{_DURATION}_count"),
    Measure.CALL_LATENCY_MEAN: (f"{_CALL_DURATION}_sum", f"{_CALL_DURATION}_count"),
    **dict.fromkeys(
        (Measure.LATENCY_P50, Measure.LATENCY_P95, Measure.LATENCY_P99),
        (f"{_DURATION}_bucket", f"{_DURATION}_count"),
    ),
}
_GAUGES = {Measure.POOL_IN_USE: "db_pool_in_use", Measure.POOL_SIZE: "db_pool_size"}
_QUANTILES = {Measure.LATENCY_P50: 0.5, Measure.LATENCY_P95: 0.95, Measure.LATENCY_P99: 0.99}
CALLED = (_CALLED, f"{_CALL_DURATION}_sum")
"""What call edges are made of."""


def exported(measure: Measure) -> tuple[str, ...]:
    """The names of the series that a measure is made of; none where it is made of the scrapes themselves."""
    gauge = _GAUGES.get(measure)
    return _COUNTERS.get(measure, () if gauge is None else (gauge,))


@dataclass(frozen=True, slots=True)
class Replica:
    """What one replica said: each scrape's time, whether it answered, and a column for each wanted series.
    `everyone` are the times of all scrapes of its service in its stage."""

    target: TargetRow
    names: Sequence[str]
    labels: Sequence[Mapping[str, str]]
    times: Floats
    answered: np.ndarray[tuple[int], np.dtype[np.bool_]]
    values: Floats
    everyone: Floats

    @property
    def scraped(self) -> tuple[Floats, Floats]:
        """Times and values of the scrapes that were answered."""
        return self.times[self.answered], self.values[self.answered]

    def label(self, dimension: Dimension, column: int) -> str:
        """What the platform says of a replica counts, whatever the replica says of itself."""
        if dimension in (Dimension.SERVICE, Dimension.STAGE, Dimension.VERSION):
            return str(getattr(self.target, dimension.value))
        return self.labels[column].get(dimension.value, "")


@dataclass(slots=True)
class _Group:
    """Sums over what is alike in what is told apart; NaN where nobody was known."""

    points: int
    sums: dict[str, Floats] = field(default_factory=dict)
    restarts: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.restarts = np.zeros(self.points)

    def add(self, what: str, values: Floats) -> None:
        """Add to one of the sums where something is known."""
        so_far = self.sums.setdefault(what, np.full(self.points, np.nan))
        self.sums[what] = np.where(np.isnan(so_far), values, so_far + np.nan_to_num(values, nan=0.0))

    def sum(self, what: str) -> Floats:
        """One of the sums; NaN all over where nobody exports it."""
        return self.sums.get(what, np.full(self.points, np.nan))


def series(query: MetricsQuery, replicas: Sequence[Replica], width: float) -> Mapping[tuple[str, ...], Floats]:
    """Values by what is told apart; none of it where nothing is known at any of the times."""
    ends = np.array([at.timestamp() for at in query.times])
    groups: defaultdict[tuple[str, ...], _Group] = defaultdict(lambda: _Group(len(ends)))
    for replica in replicas:
        if query.measure is Measure.REPLICAS:
            _add_answering(groups, query, replica, ends, width)
        elif query.measure in _GAUGES:
            _add_gauges(groups, query, replica, ends, width)
        else:
            _add_counters(groups, query, replica, ends, width)
    worked_out = ((key, _values(query.measure, group)) for key, group in groups.items())
    return {key: values for key, (values, known) in worked_out if known}


def _key(query: MetricsQuery, replica: Replica, column: int) -> tuple[str, ...]:
    return tuple(replica.label(one, column) for one in query.by)


def _add_answering(
    groups: Mapping[tuple[str, ...], _Group],
    query: MetricsQuery,
    replica: Replica,
    ends: Floats,
    width: float,
) -> None:
    over = rates.windows(replica.times, ends, width)
    _, is_there = rates.presence(replica.times, replica.everyone, ends, width)
    answers = np.where(is_there, replica.answered[over.last].astype(float), np.nan)
    groups[_key(query, replica, 0)].add("", answers)


def _add_gauges(
    groups: Mapping[tuple[str, ...], _Group],
    query: MetricsQuery,
    replica: Replica,
    ends: Floats,
    width: float,
) -> None:
    times, values = replica.scraped
    share, _ = rates.presence(replica.times, replica.everyone, ends, width)
    means = rates.means(values, rates.windows(times, ends, width)) * share[:, None]
    for column in range(means.shape[1]):
        groups[_key(query, replica, column)].add("", means[:, column])


def _add_counters(
    groups: Mapping[tuple[str, ...], _Group],
    query: MetricsQuery,
    replica: Replica,
    ends: Floats,
    width: float,
) -> None:
    times, values = replica.scraped
    counted, restarts = rates.rates(times, values, rates.windows(times, ends, width))
    share, _ = rates.presence(replica.times, replica.everyone, ends, width)
    counted = counted * share[:, None]
    of_replica: dict[tuple[str, ...], Floats] = {}
    for column, name in enumerate(replica.names):
        key = _key(query, replica, column)
        group = groups[key]
        labels = replica.labels[column]
        group.add(f"{name} {labels['le']}" if "le" in labels else name, counted[:, column])
        if labels.get("code", "").startswith("5"):
            group.add("failed", counted[:, column])
        again = np.nan_to_num(restarts[:, column], nan=0.0)
        of_replica[key] = np.maximum(of_replica.get(key, 0.0), again)
    for key, again in of_replica.items():
        groups[key].restarts = groups[key].restarts + again


def _values(measure: Measure, group: _Group) -> tuple[Floats, bool]:
    """The values of a group, and whether anything is known of it: NaN may be what is known, as the latency of
    no requests is."""
    if measure is Measure.REPLICAS or measure in _GAUGES:
        values = group.sum("")
        return values, bool((~np.isnan(values)).any())
    name = _COUNTERS[measure][-1]
    count = group.sum(name)
    known = ~np.isnan(count)
    if measure is Measure.RESETS:
        return np.where(known, group.restarts, np.nan), bool(known.any())
    known &= group.restarts == 0
    return np.where(known, _worked_out(measure, group, count), np.nan), bool(known.any())


def _worked_out(measure: Measure, group: _Group, count: Floats) -> Floats:
    names = _COUNTERS[measure]
    if measure in (Measure.FAILED, Measure.FAILED_CALLS):
        return np.nan_to_num(group.sum("failed"), nan=0.0)
    if measure in _QUANTILES:
        return _quantile(_QUANTILES[measure], names[0], group)
    if len(names) == 2:
        with np.errstate(invalid="ignore", divide="ignore"):
            return group.sum(names[0]) / count
    return count


def _quantile(q: float, bucket: str, group: _Group) -> Floats:
    buckets: dict[float, Floats] = {}
    for what, values in group.sums.items():
        name, _, bound = what.partition(" ")
        if name == bucket and _is_number(bound):
            at = float(bound)
            buckets[at] = buckets.get(at, np.zeros(group.points)) + np.nan_to_num(values, nan=0.0)
    bounds = sorted(buckets)
    if not bounds:
        return np.full(group.points, np.nan)
    return rates.quantile(q, np.array(bounds), np.stack([buckets[one] for one in bounds], axis=1))


def _is_number(written: str) -> bool:
    try:
        return not math.isnan(float(written))
    except ValueError:
        return False


def counted_edges(
    replicas: Sequence[Replica],
) -> tuple[Mapping[tuple[str, str], float], Mapping[tuple[str, str], float], Mapping[tuple[str, str], float]]:
    """Calls, failed calls and seconds by caller and callee, from each replica's first scrape to its last."""
    calls: defaultdict[tuple[str, str], float] = defaultdict(float)
    failed: defaultdict[tuple[str, str], float] = defaultdict(float)
    seconds: defaultdict[tuple[str, str], float] = defaultdict(float)
    for replica in replicas:
        _, values = replica.scraped
        if len(values) < 2:
            continue
        counted = rates.increases(values)[0][-1]
        for column, name in enumerate(replica.names):
            edge = (replica.target.service, replica.label(Dimension.CALLEE, column))
            if name == _CALLED:
                calls[edge] += counted[column]
                if replica.labels[column].get("code", "").startswith("5"):
                    failed[edge] += counted[column]
            else:
                seconds[edge] += counted[column]
    return calls, {edge: failed[edge] for edge in calls}, seconds
