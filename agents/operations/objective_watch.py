"""Watching what is promised of the services in production: whose error budget burns sets off an alert of ours.

It takes the way of every alert, so that it joins what others say of the same service, and is looked at again
before anything is done. What cannot be told neither sets one off nor ends one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from agents.operations.alert_intake import store_alerts
from agents.operations.burn_rate import RULES, Bucket, BurnState, BurnVerdict, Objective, Severity, judge_burn
from agents.operations.incident_opening import FLAPS_WITHIN
from agents.operations.incident_tables import IncidentAlertRow, IncidentRow
from governance.department_rows import read_department
from governance.objectives import Objectives
from integrations.alerts import Alert, AlertStatus
from integrations.deployments import Stage
from integrations.metrics import Answer, Dimension, Measure, Metrics, MetricsError, MetricsQuery
from storage.database import Database
from storage.look import Away

SOURCE = "objectives"
STEP = timedelta(minutes=1)
PAGING = tuple(rule for rule in RULES if rule.severity is Severity.PAGE)
_LONGEST = max(rule.long for rule in PAGING)


@dataclass(frozen=True, slots=True)
class ObjectiveWatch:
    """Looks once a minute, for one process. `metrics` are a tenant's."""

    database: Database
    metrics: Callable[[str], Metrics]
    clock: Callable[[], datetime]

    async def watch(self, tenant: str) -> None:
        """Store what began to burn since the last look, and what is well again."""
        now = self.clock()
        async with self.database.transaction(tenant) as tx:
            objectives, firing = (await read_department(tx)).objectives, await _firing(tx)
            ended = await _just_ended(tx, now)
        try:
            found = await counted(self.metrics(tenant), now.replace(second=0, microsecond=0))
        except (MetricsError, Away):
            return  # nothing can be told: the next minute looks again
        alerts = [one for one in alerts_of(found, objectives, firing, now) if one.service not in ended]
        if alerts:
            async with self.database.transaction(tenant) as tx:
                await store_alerts(tx, alerts, now)


async def _firing(tx: AsyncSession) -> Mapping[str, datetime]:
    """Our own alerts that fire in an incident that goes on, by service, with when they began."""
    query = _ours(IncidentAlertRow.started).where(IncidentRow.state != "resolved", IncidentAlertRow.firing)
    return {row.service: row.started for row in await tx.execute(query)}


async def _just_ended(tx: AsyncSession, now: datetime) -> frozenset[str]:
    """Services whose incident somebody has just ended: what burns is the time before that."""
    query = _ours(IncidentRow.resolved).where(IncidentRow.resolved > now - FLAPS_WITHIN)
    return frozenset(row.service for row in await tx.execute(query))


def _ours(column: InstrumentedAttribute[Any]) -> Select[tuple[str, Any]]:
    return (
        select(IncidentAlertRow.service, column)
        .join(
            IncidentRow,
            (IncidentRow.tenant == IncidentAlertRow.tenant) & (IncidentRow.id == IncidentAlertRow.incident),
        )
        .where(IncidentAlertRow.source == SOURCE)
    )


async def counted(
    metrics: Metrics, end: datetime, *, span: timedelta = _LONGEST, step: timedelta = STEP
) -> Mapping[str, tuple[Bucket, ...]]:
    """The requests in production of a time until `end`, by service, as far as both figures are known: in steps,
    longer ones where metrics are coarser. Raises MetricsError, storage.look.Away."""
    by = (Dimension.SERVICE,)
    # Windows that share nothing, so that each request counts in one bucket.
    step = max(step, metrics.resolution.window(span))
    times = (end - span + step, end, step)
    requests = await metrics.series(MetricsQuery(Measure.REQUESTS, *times, stage=Stage.PRODUCTION, by=by))
    failed = await metrics.series(MetricsQuery(Measure.FAILED, *times, stage=Stage.PRODUCTION, by=by))
    bad = _by_service(failed)
    return {
        service: tuple(_buckets(asked, bad.get(service, {}), step))
        for service, asked in _by_service(requests).items()
    }


def _by_service(answer: Answer) -> dict[str, dict[datetime, float]]:
    return {
        one.labels[Dimension.SERVICE]: dict(zip(one.times, one.values, strict=True)) for one in answer.series
    }


def _buckets(
    asked: Mapping[datetime, float], bad: Mapping[datetime, float], step: timedelta
) -> Iterable[Bucket]:
    seconds = step.total_seconds()
    for at, rate in asked.items():
        failed = bad.get(at)
        if failed is not None and isfinite(rate) and isfinite(failed):
            total = rate * seconds
            yield Bucket(at - step, at, max(total - failed * seconds, 0.0), total)


def alerts_of(
    counted: Mapping[str, tuple[Bucket, ...]],
    objectives: Objectives,
    firing: Mapping[str, datetime],
    now: datetime,
) -> Iterable[Alert]:
    """What is news: what burns and did not fire, and what fires and is well. `firing` says since when, by
    service."""
    for service, buckets in sorted(counted.items()):
        verdict = judge_burn(Objective("availability", objectives.of(service)), buckets, now, PAGING)
        if verdict.state is BurnState.BURNING and service not in firing:
            yield _alert(service, verdict, now, started=_began(verdict, buckets, now), ended=None)
        elif verdict.state is BurnState.HEALTHY and service in firing:
            yield _alert(service, verdict, now, started=firing[service], ended=now)


def _began(verdict: BurnVerdict, buckets: Iterable[Bucket], now: datetime) -> datetime:
    """Since when it has burnt without a pause: the first of the last buckets each of which alone is over the
    limit of a rule that burns. One without requests, or of which nothing is known, is a pause."""
    limit = min(one.limit for one in verdict.rules if one.state is BurnState.BURNING)
    share = limit * (1 - verdict.objective.target)
    began = now - STEP
    for bucket in sorted(buckets, key=lambda one: one.end, reverse=True):
        is_gap = bucket.end < began
        if is_gap or bucket.total == 0 or bucket.total - bucket.good < share * bucket.total:
            break
        began = bucket.begin
    return began


def _alert(
    service: str, verdict: BurnVerdict, now: datetime, *, started: datetime, ended: datetime | None
) -> Alert:
    status = AlertStatus.FIRING if ended is None else AlertStatus.RESOLVED
    return Alert(
        source=SOURCE,
        key=f"{service}:{now.isoformat()}:{status}",
        fingerprint=f"availability:{service}",
        name="Error budget burns",
        service=service,
        stage=Stage.PRODUCTION.value,
        status=status,
        told=now,
        started=started,
        ended=ended,
        severity="page",
        labels={"objective": f"{verdict.objective.target:.2%} without error"},
        annotations={"summary": _summary(verdict)},
        link="",
    )


def _summary(verdict: BurnVerdict) -> str:
    """`11.2 % of 402 requests failed in the last hour, where 0.50 % are allowed: the budget of 30 days burns 22
    times as fast as it may.`"""
    worst = max(verdict.rules, key=lambda one: one.long.rate or 0.0)
    window, hours = worst.long, worst.rule.long / timedelta(hours=1)
    share = window.bad / window.total if window.total else 0.0
    lasting = "the last hour" if hours == 1 else f"the last {hours:g} hours"
    allowed = 1 - verdict.objective.target
    failed = f"{share:.1%} of {window.total:,.0f} requests failed in {lasting}"
    fast = f"the budget of {verdict.objective.period.days} days burns {window.rate or 0:.0f} times as fast"
    return f"{failed}, where {allowed:.2%} are allowed: {fast} as it may."
