"""Which remedy is chosen: by what was computed, by what presses on the cause, and by what helped before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import pytest

from agents.operations.burden import Metric
from agents.operations.findings import Question
from agents.operations.incident_tables import IncidentEventRow
from agents.operations.investigation import investigate
from agents.operations.response.learned import Learned, Tally, tallies_of
from agents.operations.response.pressure import pressure_on, waits_of
from agents.operations.response.remedies import Person, Remedy, remedy_for
from integrations.deployments import (
    Breaker,
    Canary,
    ChangeKind,
    Running,
    Shed,
    Stage,
    Status,
    Target,
)
from integrations.deployments.actions import OpenBreaker, RollBack, Scale
from integrations.metrics import Answer, Dimension, Measure, MetricsQuery, Resolution, Series
from tests.agents.operations.recorded_stage import BEGAN, ENDED, NOW, RecordedStage

POOL = {Measure.POOL_IN_USE, Measure.POOL_SIZE}
WAITS = {Measure.FAILED_CALLS, Measure.CALL_LATENCY_MEAN}
SLOW_ORDERS = {"orders": 3.0}


@dataclass
class Pressed(RecordedStage):
    """Of 10 connections of orders `in_use` are, since it began, and `usually` before; of checkout's calls to
    payments a share of `in_vain` fails, and each takes `waits` seconds."""

    in_use: float = 2.0
    usually: float = 2.0
    in_vain: float = 0.0
    waits: float = 0.05
    replicas: int = 2
    has_breakers: bool = True
    runs: str = "1.0.0"
    canary: Canary | None = None
    breaker: Breaker | None = None

    async def series(self, query: MetricsQuery) -> Answer:
        if query.measure not in POOL | WAITS and not (query.measure is Measure.CALLS and query.service):
            return await super().series(query)
        self.asked.append(query)
        values = [self._value(query.measure, at > self.began) for at in query.times]
        callee = {Dimension.CALLEE: "payments"} if Dimension.CALLEE in query.by else {}
        is_known = query.service == ("orders" if query.measure in POOL else "checkout")
        one = Series(query.measure.value, callee, query.times, tuple(values), NOW, "pressed")
        return Answer((one,) if is_known else (), NOW, "pressed")

    def _value(self, measure: Measure, during: bool) -> float:
        return {
            Measure.POOL_IN_USE: self.in_use if during else self.usually,
            Measure.POOL_SIZE: 10.0,
            Measure.CALLS: 20.0,
            Measure.FAILED_CALLS: 20.0 * self.in_vain,
            Measure.CALL_LATENCY_MEAN: self.waits,
        }[measure]

    async def status(self, target: Target) -> Status:
        stable = Running(self.runs, "e" * 64, self.replicas, self.replicas)
        return Status(target, stable, self.canary, None, NOW, self.breaker)

    async def release(self, service: str, version: str) -> Any:
        return next(one for one in self.brought_out if (one.service, one.version) == (service, version))


async def chosen(stage: Pressed, known: Learned | None = None) -> Remedy | Person:
    """What is done about checkout at the end of the time in which it was slower."""
    ports = cast(Any, stage).ports
    question = Question(("checkout",), Stage.PRODUCTION, (Metric.LATENCY,), BEGAN, ENDED)
    findings = await investigate(ports, question, ENDED)
    return await remedy_for(ports, findings, BEGAN, known or Learned())


async def test_where_all_connections_are_in_use_more_replicas_are_started() -> None:
    found = await chosen(Pressed(slower=SLOW_ORDERS, in_use=10))
    assert isinstance(found, Scale)
    assert (found.service, found.before, found.replicas) == ("orders", 2, 3)
    assert "100% of its connections are in use (usually 20%)" in found.rationale


async def test_there_are_as_many_more_as_there_is_more_traffic_and_twice_as_many_at_most() -> None:
    for traffic, wanted in ((1.7, (17, 18)), (4.0, (20,))):
        found = await chosen(Pressed(slower=SLOW_ORDERS, in_use=10, replicas=10, traffic=traffic))
        assert isinstance(found, Scale)
        assert found.replicas in wanted


@pytest.mark.parametrize(
    "stage",
    [
        Pressed(slower=SLOW_ORDERS),
        Pressed(slower=SLOW_ORDERS, in_use=9),
        Pressed(slower=SLOW_ORDERS, in_use=10, usually=10),  # so it always is
        Pressed(slower=SLOW_ORDERS, in_use=float("nan")),
        Pressed(slower=SLOW_ORDERS, in_use=10, replicas=0),
        Pressed(slower=SLOW_ORDERS, in_use=10, canary=Canary("c", "1.1.0", "", 1, 1, 0.1, 20.0)),
        Pressed(slower={"payments": 3.0}, in_use=10),  # another is the cause
        Pressed(in_use=10),  # nothing was slower
    ],
)
async def test_without_proof_nothing_is_scaled(stage: Pressed) -> None:
    assert isinstance(await chosen(stage), Person)


async def test_a_change_is_taken_back_and_nothing_scaled_beside_it() -> None:
    stage = Pressed(slower=SLOW_ORDERS, in_use=10, runs="1.1.0")
    stage.deployed("orders", "1.0.0", BEGAN - timedelta(days=9))
    stage.deployed("orders", "1.1.0", BEGAN - timedelta(minutes=2))
    assert isinstance(await chosen(stage), RollBack)
    bad = Learned(bad=frozenset({("orders", "1.0.0")}))
    assert isinstance(await chosen(stage, bad), Person)  # and not scaled in its place


async def test_a_change_whose_release_is_gone_is_not_taken_back() -> None:
    stage = Pressed(slower=SLOW_ORDERS, runs="1.1.0")
    stage.deployed("orders", "1.0.0", BEGAN - timedelta(days=9))
    stage.deployed("orders", "1.1.0", BEGAN - timedelta(minutes=2))
    stage.brought_out = [one for one in stage.brought_out if one.version != "1.1.0"]
    found = await chosen(stage)
    assert isinstance(found, Person)
    assert "The release of 1.1.0 is not there any more" in found.why


async def test_fewer_replicas_are_no_version_and_more_are_started() -> None:
    stage = Pressed(slower=SLOW_ORDERS, in_use=10)
    stage.deployed("orders", "1.0.0", BEGAN - timedelta(minutes=2), kind=ChangeKind.SCALED)
    assert isinstance(await chosen(stage), Scale)


async def test_what_more_replicas_did_not_help_sheds_less_urgent_requests() -> None:
    tried = Learned(tried=frozenset({(Scale.type, "orders")}))
    found = await chosen(Pressed(slower=SLOW_ORDERS, in_use=10), tried)
    assert isinstance(found, OpenBreaker)
    assert (found.service, found.sheds) == ("orders", Shed.LESS_URGENT)
    assert isinstance(await chosen(Pressed(slower=SLOW_ORDERS, in_use=10, has_breakers=False), tried), Person)


async def test_what_is_waited_for_in_vain_is_no_longer_waited_for() -> None:
    found = await chosen(Pressed(slower={"payments": 60.0}, in_vain=0.9, waits=5.0))
    assert isinstance(found, OpenBreaker)
    assert (found.service, found.sheds) == ("payments", Shed.ALL)
    assert "90% of the 1200 calls of checkout to payments failed, and each waited 5.0 s" in found.rationale


@pytest.mark.parametrize(
    "stage",
    [
        Pressed(in_vain=0.9, waits=0.01),  # it fails at once
        Pressed(in_vain=0.2, waits=5.0),  # most are answered
        Pressed(in_vain=0.9, waits=5.0, has_breakers=False),
        Pressed(in_vain=0.9, waits=5.0, breaker=Breaker(Shed.ALL, 60.0, 3)),
    ],
)
async def test_no_breaker_is_opened_where_it_would_spare_nobody(stage: Pressed) -> None:
    assert isinstance(await chosen(stage), Person)


async def test_what_helped_more_often_comes_first() -> None:
    stage = Pressed(slower=SLOW_ORDERS, in_use=10, in_vain=0.9, waits=5.0)
    assert isinstance(await chosen(stage), Scale)
    taught = Learned(tallies={Scale.type: Tally(6, 0), OpenBreaker.type: Tally(6, 6)})
    assert isinstance(await chosen(stage, taught), OpenBreaker)


async def test_each_call_counts_once_however_coarse_metrics_are() -> None:
    """What presses now is read over a minute, of coarser figures over two of their windows; what is usual is
    known less finely still."""
    minute, since = timedelta(minutes=1), ENDED - timedelta(minutes=5)
    for shortest, windows in ((minute / 4, 4), (minute, 2), (2 * minute, 2)):
        stage = Pressed(in_vain=0.9, waits=5.0, resolution=Resolution(shortest, ((30 * minute, 3 * minute),)))
        metrics = cast(Any, stage)
        (waited,) = await waits_of(metrics, Target("checkout", Stage.PRODUCTION), ENDED)
        assert waited.calls == pytest.approx(20 * windows * shortest.total_seconds())
        await pressure_on(metrics, Target("checkout", Stage.PRODUCTION), since, ENDED)
        asked = {(one.end, one.step, len(one.times)) for one in stage.asked}
        assert asked == {(ENDED, shortest, windows), (since - 3 * minute, 3 * minute, 15)}


def event(incident: str, number: int, kind: str, type: str = "") -> IncidentEventRow:
    return IncidentEventRow(
        incident=incident, number=number, kind=kind, detail={"type": type, "service": "orders"}
    )


def test_a_remedy_counts_as_it_was_seen_to_end() -> None:
    """One that a person took over from, or that was refused, says nothing."""
    back, more = RollBack.type, Scale.type
    timelines = [
        event("INC-1", 3, "remedy", back),
        event("INC-1", 4, "healthy"),
        event("INC-2", 3, "remedy", more),
        event("INC-2", 4, "no effect"),
        event("INC-2", 5, "remedy", back),
        event("INC-2", 6, "healthy"),
        event("INC-3", 3, "remedy", back),
        event("INC-4", 3, "healthy"),
    ]
    assert tallies_of(timelines) == {back: Tally(2, 2), more: Tally(1, 0)}
