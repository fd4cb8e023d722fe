"""What an incident cost the users of its service: the requests that failed in it, beside what usually fails.

Counted where the requests were metered. What was not measured is not counted, and said: never zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.incident_rows import incident_for_update, lock_incidents
from agents.operations.incident_tables import IncidentRow
from governance.facts import Fact, Source
from governance.incident_rules import FailedRequestPrice
from integrations.deployments import Stage
from integrations.metrics import Measure, Metrics, MetricsError, MetricsQuery
from storage.database import Database
from storage.jobs import defer
from storage.look import Away

_FINE_KEPT = timedelta(minutes=55)
"""How far back the embedded metrics keep every scrape."""
_FINE, _COARSE, _OLD = timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=3)
_USUAL = timedelta(minutes=45)
_LONGEST = timedelta(days=3)
"""Of an incident that is counted: what goes on for longer is nobody's emergency."""


@dataclass(frozen=True, slots=True)
class Impact:
    """Requests of the service from `since` to `until`, and how many failed; `usual` would have failed in as
    long a time by the minutes before, None where those were not measured. `covered` is the share (0 to 1) of
    the time that was measured; `queries` are the exact ones."""

    requests: float
    failed: float
    usual: float | None
    covered: float
    since: datetime
    until: datetime
    queries: tuple[str, ...]

    @property
    def more(self) -> float | None:
        """How many failed that usually do not."""
        return None if self.usual is None else max(self.failed - self.usual, 0.0)

    def as_json(self, *, final: bool) -> dict[str, Any]:
        """As `IncidentRow.impact` keeps it; `final` where nothing more is to be counted."""
        moments = {"since": self.since.isoformat(), "until": self.until.isoformat()}
        return {**asdict(self), **moments, "queries": list(self.queries), "final": final}


def impact_of(incident: IncidentRow) -> Impact | None:
    """What was counted last; None where nothing was."""
    if incident.impact is None:
        return None
    kept = {name: value for name, value in incident.impact.items() if name != "final"}
    moments = {name: datetime.fromisoformat(kept[name]) for name in ("since", "until")}
    return Impact(**{**kept, **moments, "queries": tuple(kept["queries"])})


async def count_impact(metrics: Metrics, incident: IncidentRow, now: datetime) -> Impact | None:
    """Count until it was mitigated, or over, or `now`; None where nothing was measured. Raises MetricsError,
    storage.look.Away."""
    since = incident.started
    ended = _ended(incident, now)
    step, usual_step = _step(metrics, now - since), _step(metrics, now - since + _USUAL)
    until = min(max(ended, since + step), since + _LONGEST, now)
    during = await _counted(metrics, incident, since + step, until, step)
    before = await _counted(metrics, incident, since - _USUAL, since - usual_step, usual_step)
    if during is None:
        return None
    usual = None
    if before is not None and before.windows:
        usual = before.failed / before.windows * ((until - since) / usual_step)
    return Impact(
        requests=during.requests,
        failed=during.failed,
        usual=usual,
        covered=min(1.0, during.windows * step / max(until - since, step)),
        since=since,
        until=until,
        queries=during.queries,
    )


def _step(metrics: Metrics, age: timedelta) -> timedelta:
    """Of windows that share nothing, as far back as that: a request counts in one of them."""
    wanted = _FINE if age < _FINE_KEPT else _COARSE if age < timedelta(days=1) else _OLD
    return max(wanted, metrics.resolution.window(age))


@dataclass(frozen=True, slots=True)
class _Counted:
    requests: float
    failed: float
    windows: int
    queries: tuple[str, ...]


async def _counted(
    metrics: Metrics, incident: IncidentRow, first: datetime, last: datetime, step: timedelta
) -> _Counted | None:
    """The windows that end from `first` to `last` of which both figures are known; None where there is none."""
    last = max(first, last)
    sums: list[dict[datetime, float]] = []
    queries = []
    for measure in (Measure.REQUESTS, Measure.FAILED):
        asked = MetricsQuery(measure, first, last, step, incident.service, Stage(incident.stage))
        answer = await metrics.series(asked)
        queries.append(answer.source)
        rates: dict[datetime, float] = {}
        for one in answer.series:
            for at, value in zip(one.times, one.values, strict=True):
                if isfinite(value):
                    rates[at] = rates.get(at, 0.0) + value
        sums.append(rates)
    requests, failed = sums
    both = requests.keys() & failed.keys()
    if not both:
        return None
    seconds = step.total_seconds()
    return _Counted(
        requests=sum(requests[at] for at in both) * seconds,
        failed=sum(failed[at] for at in both) * seconds,
        windows=len(both),
        queries=tuple(queries),
    )


def impact_facts(impact: Impact) -> tuple[Fact, ...]:
    """The figures with their working."""
    asked = Source("query", "; ".join(impact.queries))
    how = f"failed requests a second, summed from {impact.since:%H:%M:%S} to {impact.until:%H:%M:%S} UTC"
    facts = [
        Fact("impact_rate", "Failed requests a second", None, "requests/s", impact.until, asked),
        Fact(
            "impact_failed",
            "Failed requests",
            round(impact.failed),
            "requests",
            impact.until,
            Source("computation", how, ("impact_rate",)),
        ),
    ]
    if impact.usual is not None:
        how = "what failed in the 45 minutes before, for as long a time"
        facts.append(
            Fact(
                "impact_usual",
                "Usually failed in such a time",
                round(impact.usual),
                "requests",
                impact.until,
                Source("computation", how, ("impact_rate",)),
            )
        )
    return tuple(facts)


def cost_of(impact: Impact, price: FailedRequestPrice) -> Decimal | None:
    """What the requests cost that failed and usually do not; None where what is usual is not known."""
    return None if impact.more is None else round(impact.more) * price.per_failed_request


def _behind(now: datetime) -> ColumnElement[bool]:
    """Of incidents: it goes on, or has ended just now and was not counted since."""
    is_final = func.coalesce(IncidentRow.impact["final"].astext, "false") == "true"
    lately = and_(IncidentRow.resolved > now - timedelta(hours=1), ~is_final)
    return or_(IncidentRow.state != "resolved", lately)


async def queue_counting(tx: AsyncSession, now: datetime) -> None:
    """Queue the minute's count, where there is anything to count."""
    if (await tx.execute(select(IncidentRow.id).where(_behind(now)).limit(1))).first() is not None:
        await defer(tx, "count_impacts", {}, lock="impacts", queueing_lock="impacts", slow=True)


@dataclass(frozen=True, slots=True)
class ImpactCount:
    """Counts what incidents cost, for one process. `metrics` are a tenant's."""

    database: Database
    metrics: Callable[[str], Metrics]
    clock: Callable[[], datetime]

    async def count_all(self, tenant: str) -> None:
        """Count every incident that goes on, and once more each that has ended since."""
        now = self.clock()
        async with self.database.transaction(tenant) as tx:
            rows = (await tx.execute(select(IncidentRow).where(_behind(now)))).scalars().all()
        for row in rows:
            try:
                impact = await count_impact(self.metrics(tenant), row, now)
            except (MetricsError, Away):
                continue  # what was counted before stands, with its time
            if impact is not None:
                async with self.database.transaction(tenant) as tx:
                    await keep_impact(tx, row.id, impact)


async def keep_impact(tx: AsyncSession, incident: str, impact: Impact) -> None:
    """Keep what was counted. Raises NoSuchIncident."""
    await lock_incidents(tx)
    row = await incident_for_update(tx, incident)
    before = impact_of(row)
    row.impact = impact.as_json(final=row.resolved is not None and impact.until >= _ended(row, impact.until))
    if before is None or round(before.failed) != round(impact.failed):
        row.to_show = True


def _ended(incident: IncidentRow, now: datetime) -> datetime:
    return incident.mitigated or incident.resolved or now
