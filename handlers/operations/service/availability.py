"""How much of a service's traffic was answered without error, over the days for which its objective is said."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import isfinite

from governance.facts import Fact, Source
from governance.objectives import Objectives
from integrations.deployments import Stage
from integrations.metrics import Measure, Metrics, MetricsError, MetricsQuery
from storage.look import Away

_DAYS = timedelta(days=30)
_STEP = timedelta(hours=1)


async def availability(metrics: Metrics, service: str, now: datetime) -> tuple[Fact, ...]:
    """The share of requests in production that did not fail in 30 days, in per cent, and of how many hours it
    is known; empty where nothing is, or nobody can be asked."""
    end = now.replace(minute=0, second=0, microsecond=0)
    span = (end - _DAYS + _STEP, end, _STEP)
    try:
        asked = await metrics.series(MetricsQuery(Measure.REQUESTS, *span, service, Stage.PRODUCTION))
        failed = await metrics.series(MetricsQuery(Measure.FAILED, *span, service, Stage.PRODUCTION))
    except (MetricsError, Away):
        return ()
    bad = {at: rate for one in failed.series for at, rate in zip(one.times, one.values, strict=True)}
    both = [
        (rate, bad[at])
        for one in asked.series
        for at, rate in zip(one.times, one.values, strict=True)
        if at in bad and isfinite(rate) and isfinite(bad[at])
    ]
    total = sum(rate for rate, _ in both)
    if not total:
        return ()
    share = 100 * (1 - sum(rate for _, rate in both) / total)
    source = Source("query", "; ".join(one.source for one in (*asked.series, *failed.series)))
    return (
        Fact("availability", "Answered without error in 30 days", round(share, 3), "%", end, source),
        Fact("availability_hours", "Hours of which that is known", len(both), "h", end, source),
    )


def availability_text(facts: tuple[Fact, ...], objectives: Objectives, service: str) -> str:
    """The same in a sentence, beside what is promised."""
    share, hours = facts
    promised = f"{100 * objectives.of(service):g} %"
    known = "" if hours.value == _DAYS // _STEP else f", as far as it is known ({hours.value} hours)"
    return f"In 30 days {share.value} % was answered without error{known}; {promised} is promised."
