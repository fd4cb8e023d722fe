"""The port over what was scraped: rows in, series out."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy import select

from integrations.deployments import Stage
from integrations.metrics import (
    MOST_SERIES,
    Answer,
    CallEdge,
    Dimension,
    MetricsError,
    MetricsQuery,
    Resolution,
    Series,
)
from integrations.metrics.promql import PROMETHEUS
from integrations.metrics.vendors.local.grouping import CALLED, Replica, counted_edges, exported
from integrations.metrics.vendors.local.grouping import series as series_of
from integrations.metrics.vendors.local.rates import Floats
from integrations.metrics.vendors.local.retention import Retention
from integrations.metrics.vendors.local.scraping import unpack
from integrations.metrics.vendors.local.tables import ScrapeRow, TargetRow
from storage.database import Database

_WINDOW_SCRAPES = 3
"""A window is at least so many scrapes wide: one that comes late leaves two."""


class LocalMetrics:
    """See `integrations.metrics.Metrics`. Not embedded in the sense of `integrations.looked`: what it reads and
    works out takes a while, for which no transaction stays open."""

    title = "What is scraped here"

    def __init__(self, database: Database, tenant: str, *, scrape_seconds: float, retention: Retention) -> None:
        self._database, self._tenant = database, tenant
        self._scrape_seconds, self._retention = scrape_seconds, retention

    @property
    def resolution(self) -> Resolution:
        """See Metrics.resolution: what is kept less often is read over wider windows."""
        apart = [(since, timedelta(seconds=kept)) for since, kept in self._retention.tiers]
        return Resolution(
            timedelta(seconds=_WINDOW_SCRAPES * self._scrape_seconds),
            tuple((since, _WINDOW_SCRAPES * kept) for since, kept in apart),
        )

    async def series(self, query: MetricsQuery) -> Answer:
        """See Metrics.series. What is kept less often is read over wider windows, which the notes say."""
        now = datetime.now(UTC)
        apart = self._retention.seconds_between(now - query.start, self._scrape_seconds)
        width = max(query.step, self.resolution.window(now - query.start)).total_seconds()
        wanted = exported(query.measure)
        replicas = await self._replicas(query.restricted, wanted, _before(query, width), query.end)
        asked = PROMETHEUS.query(query.measure, query.restricted, query.by, width)
        source = (
            f"{asked} from {query.start:%FT%T%z} to {query.end:%FT%T%z} every"
            f" {query.step.total_seconds():g} s, in what was scraped here"
        )
        found = await asyncio.to_thread(series_of, query, replicas, width)
        if len(found) > MOST_SERIES:
            raise MetricsError(f"That would be {len(found)} series; at most {MOST_SERIES} are shown at once.")
        series = tuple(
            Series(
                query.measure.value,
                dict(zip(query.by, labels, strict=True)),
                query.times,
                tuple(values.tolist()),
                now,
                source,
            )
            for labels, values in sorted(found.items())
        )
        return Answer(series, now, source, tuple(self._notes(replicas, width, apart)))

    async def call_edges(self, stage: Stage | None, start: datetime, end: datetime) -> Sequence[CallEdge]:
        """See Metrics.call_edges."""
        where = {} if stage is None else {Dimension.STAGE: stage.value}
        replicas = await self._replicas(where, CALLED, start - timedelta(microseconds=1), end)
        calls, failed, seconds = await asyncio.to_thread(counted_edges, replicas)
        now = datetime.now(UTC)
        asked = PROMETHEUS.edge_queries(where, (end - start).total_seconds()).calls
        return [
            CallEdge(
                *edge,
                calls=count,
                failed=failed[edge],
                mean_seconds=seconds[edge] / count if count and edge in seconds else math.nan,
                as_of=now,
                source=f"{asked} at {end:%FT%T%z}, in what was scraped here",
            )
            for edge, count in sorted(calls.items(), key=lambda one: (-one[1], one[0]))
        ]

    async def _replicas(
        self, where: Mapping[Dimension, str], names: Sequence[str], after: datetime, until: datetime
    ) -> Sequence[Replica]:
        """What replicas said after one time and until another; series of these names alone."""
        fixed = (Dimension.SERVICE, Dimension.STAGE)
        targets = select(TargetRow).where(
            *(getattr(TargetRow, one.value) == where[one] for one in fixed if one in where)
        )
        between = (ScrapeRow.at > after, ScrapeRow.at <= until)
        columns = (ScrapeRow.target, ScrapeRow.at, ScrapeRow.samples)
        async with self._database.transaction(self._tenant) as tx:
            rows = {one.id: one for one in await tx.scalars(targets)}
            query = select(*columns).where(ScrapeRow.target.in_(rows), *between).order_by(ScrapeRow.at)
            scrapes: dict[str, list[tuple[datetime, bytes | None]]] = defaultdict(list)
            for target, at, samples in (await tx.execute(query)).all():
                scrapes[target].append((at, samples))
        return await asyncio.to_thread(_replicas, where, names, rows, scrapes)

    def _notes(self, replicas: Sequence[Replica], width: float, apart: float) -> Iterator[str]:
        if apart > self._scrape_seconds:
            yield (
                f"As old as this, one scrape in {apart:g} s is kept: each value is over the {width:g} s before"
                " it."
            )
        for one in replicas:
            if one.target.left_out:
                yield (
                    f"{one.target.service} {one.target.version} at {one.target.instance} exports more than is"
                    f" kept of one replica: {one.target.left_out} of its series are missing."
                )


def _before(query: MetricsQuery, width: float) -> datetime:
    return query.start - timedelta(seconds=2 * width)


def _replicas(
    where: Mapping[Dimension, str],
    names: Sequence[str],
    rows: Mapping[str, TargetRow],
    scrapes: Mapping[str, Sequence[tuple[datetime, bytes | None]]],
) -> list[Replica]:
    """Those of the version that is asked for; when its service was scraped is said by the others too."""
    of_labels = {one.value: where[one] for one in (Dimension.ROUTE, Dimension.CALLEE) if one in where}
    times: dict[tuple[str, str], set[float]] = defaultdict(set)
    for id, said in scrapes.items():
        times[rows[id].service, rows[id].stage].update(at.timestamp() for at, _ in said)
    everyone = {service: np.array(sorted(of_it)) for service, of_it in times.items()}
    return [
        _replica(row, names, of_labels, scrapes[id], everyone[row.service, row.stage])
        for id, row in sorted(rows.items())
        if id in scrapes and where.get(Dimension.VERSION) in (None, row.version)
    ]


def _replica(
    target: TargetRow,
    names: Sequence[str],
    of_labels: Mapping[str, str],
    scrapes: Sequence[tuple[datetime, bytes | None]],
    everyone: Floats,
) -> Replica:
    wanted = []
    for place, (name, pairs) in enumerate(target.series):
        labels = dict(pairs)
        if name in names and of_labels.items() <= labels.items():
            wanted.append((place, name, labels))
    places = np.array([place for place, _, _ in wanted], dtype=np.intp)
    values = np.full((len(scrapes), len(wanted)), np.nan)
    for row, (_, samples) in enumerate(scrapes):
        if samples is not None and len(wanted):
            said = unpack(samples)
            there = places < len(said)
            values[row, there] = said[places[there]]
    return Replica(
        target=target,
        names=[name for _, name, _ in wanted],
        labels=[labels for _, _, labels in wanted],
        times=np.array([at.timestamp() for at, _ in scrapes]),
        answered=np.array([samples is not None for _, samples in scrapes], dtype=bool),
        values=values,
        everyone=everyone,
    )
