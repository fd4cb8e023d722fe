"""What an incident cost its users: counted from what was measured, beside what usually fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import nan

import pytest

from agents.operations.incident_impact import Impact, cost_of, count_impact, impact_facts, impact_of
from agents.operations.incident_tables import IncidentRow
from governance.incident_rules import FailedRequestPrice
from integrations.deployments import Stage
from integrations.metrics import Answer, CallEdge, Measure, MetricsQuery, Resolution, Series

BEGAN = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


@dataclass
class Scripted:
    """Failed requests a second by time, of ten; `measured` says when anything is known."""

    failed: Callable[[datetime], float]
    measured: Callable[[datetime], bool] = lambda _at: True
    resolution: Resolution = field(default_factory=lambda: Resolution(timedelta(seconds=15)))
    asked: list[MetricsQuery] = field(default_factory=list)

    async def series(self, query: MetricsQuery) -> Answer:
        self.asked.append(query)
        assert (query.service, query.stage) == ("checkout", Stage.PRODUCTION)

        def value(at: datetime) -> float:
            if not self.measured(at):
                return nan
            return 10.0 if query.measure is Measure.REQUESTS else self.failed(at)

        values = tuple(map(value, query.times))
        source = f"{query.measure}, every {query.step.total_seconds():g} s"
        one = Series(query.measure, {}, query.times, values, BEGAN, source)
        return Answer((one,), BEGAN, source)

    async def call_edges(self, _stage: Stage | None, _start: datetime, _end: datetime) -> Sequence[CallEdge]:
        return ()


def _incident(**moments: datetime | None) -> IncidentRow:
    values = {"mitigated": None, "resolved": None, **moments}
    return IncidentRow(id="INC-1", service="checkout", stage="production", started=BEGAN, **values)


def _bad(at: datetime) -> float:
    """A tenth of a request a second before it began, one from then on."""
    return 0.1 if at <= BEGAN else 1.0


async def test_failed_requests_are_counted_until_it_was_mitigated() -> None:
    incident = _incident(mitigated=BEGAN + timedelta(minutes=2))
    impact = await count_impact(Scripted(_bad), incident, BEGAN + timedelta(minutes=30))
    assert impact is not None
    assert (impact.requests, impact.failed) == (1200.0, 120.0)
    assert impact.usual == pytest.approx(12.0)
    assert impact.more == pytest.approx(108.0)
    assert (impact.covered, impact.until) == (1.0, BEGAN + timedelta(minutes=2))
    facts = {fact.id: fact for fact in impact_facts(impact)}
    assert facts["impact_failed"].value == 120
    assert "15:00:00 to 15:02:00 UTC" in facts["impact_failed"].source.detail
    assert "every 15 s" in facts["impact_rate"].source.detail


async def test_long_ago_it_is_counted_by_the_minute() -> None:
    incident = _incident(resolved=BEGAN + timedelta(minutes=10))
    impact = await count_impact(Scripted(_bad), incident, BEGAN + timedelta(hours=9))
    assert impact is not None
    assert impact.failed == pytest.approx(600.0)
    assert "every 60 s" in impact.queries[0]


async def test_each_request_counts_once_however_coarse_metrics_are() -> None:
    """And what is usual counts by the windows of its own age."""
    minute = timedelta(minutes=1)
    coarse = Scripted(_bad, resolution=Resolution(minute, ((65 * minute, 3 * minute),)))
    incident = _incident(mitigated=BEGAN + 6 * minute)
    for age, step, usual_step in ((10, 60, 60), (30, 60, 180), (70, 180, 180)):
        impact = await count_impact(coarse, incident, BEGAN + age * minute)
        assert impact is not None
        assert (impact.requests, impact.failed, impact.covered) == (3600.0, 360.0, 1.0)
        assert f"every {step} s" in impact.queries[0]
        assert impact.usual == pytest.approx(36.0)
        assert {one.step.total_seconds() for one in coarse.asked[-2:]} == {usual_step}
    short = await count_impact(coarse, _incident(mitigated=BEGAN + minute / 4), BEGAN + 10 * minute)
    assert short is not None
    assert (short.failed, short.usual, short.until) == (60.0, pytest.approx(6.0), BEGAN + minute)


async def test_what_was_not_measured_is_not_counted_and_said() -> None:
    half = Scripted(_bad, lambda at: at <= BEGAN + timedelta(minutes=1))
    impact = await count_impact(half, _incident(), BEGAN + timedelta(minutes=2))
    assert impact is not None
    assert (impact.failed, impact.covered) == (60.0, 0.5)
    assert (
        await count_impact(Scripted(_bad, lambda _: False), _incident(), BEGAN + timedelta(minutes=2)) is None
    )
    new = Scripted(_bad, lambda at: at > BEGAN)
    impact = await count_impact(new, _incident(), BEGAN + timedelta(minutes=2))
    assert impact is not None
    assert (impact.usual, impact.more) == (None, None)
    assert "impact_usual" not in {fact.id for fact in impact_facts(impact)}


def test_money_is_of_what_usually_does_not_fail() -> None:
    price = FailedRequestPrice.model_validate(
        {"per_failed_request": "12.40", "currency": "USD", "as_of": "2026-11-01", "source": "finance"}
    )
    impact = Impact(3120.0, 127.0, 56.0, 1.0, BEGAN, BEGAN, ("q",))
    assert cost_of(impact, price) == Decimal("880.40")
    assert cost_of(Impact(3120.0, 127.0, None, 1.0, BEGAN, BEGAN, ("q",)), price) is None
    with pytest.raises(ValueError, match="in quotes"):
        FailedRequestPrice.model_validate(
            {"per_failed_request": 12.4, "currency": "USD", "as_of": "2026-11-01", "source": "finance"}
        )


def test_what_is_kept_is_read_as_it_was() -> None:
    impact = Impact(3120.0, 127.0, None, 0.5, BEGAN, BEGAN + timedelta(minutes=4), ("q", "r"))
    incident = _incident()
    assert impact_of(incident) is None
    incident.impact = impact.as_json(final=True)
    assert impact_of(incident) == impact
