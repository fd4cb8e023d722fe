"""Spikes whose cause was planted are explained with what changed; where nothing was planted nobody is named."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from agents.operations.burden import Metric
from agents.operations.causes import Unexplained
from agents.operations.findings import Explained, Findings, Question
from agents.operations.investigation import investigate
from integrations.deployments import ChangeKind, Stage
from integrations.metrics import Dimension, Measure
from tests.agents.operations.recorded_stage import BEGAN, ENDED, NOW, RecordedStage, seconds

AT_THREE = (NOW.replace(hour=2, minute=0), NOW.replace(hour=4, minute=30))
BOTH = tuple(Metric)


async def ask(
    stage: RecordedStage,
    *targets: str,
    metrics: tuple[Metric, ...] = (Metric.LATENCY,),
    when: tuple[datetime, datetime] = AT_THREE,
) -> Findings:
    return await investigate(stage.ports, Question(targets, Stage.PRODUCTION, metrics, *when), NOW)


async def explain(stage: RecordedStage, *targets: str, metric: Metric = Metric.LATENCY) -> Explained:
    (one,) = (await ask(stage, *targets, metrics=(metric,))).explained
    return one


def named(one: Explained) -> list[str]:
    return [cause.service for cause in one.explanation.causes]


async def test_a_slow_callee_after_a_deployment_is_named_with_where_it_comes_from() -> None:
    stage = RecordedStage(slower={"payments": 6.0})
    stage.deployed("payments", "1.43.1", BEGAN - seconds(40))
    stage.deployed("payments", "1.43.0", BEGAN - timedelta(minutes=50))
    stage.deployed("orders", "4.18.0", BEGAN - seconds(5))
    one = await explain(stage, "checkout")
    assert named(one) == ["payments"]
    assert one.first is not None
    assert one.first.share > 0.9
    assert (one.began, one.ended) == (BEGAN, ENDED)
    assert one.suspect is not None
    assert one.suspect.release is not None
    assert (one.suspect.change.version, one.suspect.before) == ("1.43.1", seconds(40))
    assert (one.suspect.release.author, one.suspect.release.story) == ("wei.zhangwen", "CARD-7")
    assert [each.change.version for each in one.changes.before] == ["1.43.1", "1.43.0"]
    assert one.changes.services == ("payments",)


async def test_a_caller_that_calls_more_often_is_named_and_not_whom_it_calls() -> None:
    one = await explain(RecordedStage(calls={"orders": 12.0}), "checkout")
    assert named(one) == ["checkout"]
    assert one.first is not None
    (more,) = one.first.more_calls
    assert more.callee == "orders"
    assert more.during == pytest.approx(12, rel=0.05)
    assert one.changes.services[:1] == ("checkout",)
    assert "orders" in one.changes.services


@pytest.mark.parametrize("metric", BOTH)
async def test_more_traffic_alone_names_nobody(metric: Metric) -> None:
    one = await explain(RecordedStage(traffic=6.0), metric=metric)
    assert one.explanation.unexplained is Unexplained.NOT_RAISED
    assert (one.began, one.suspect) == (None, None)


@pytest.mark.parametrize("day", range(10))
async def test_on_a_calm_day_nobody_is_named_though_something_was_deployed(day: int) -> None:
    stage = RecordedStage()
    stage.deployed("payments", "1.43.1", BEGAN)
    whole = NOW - timedelta(hours=12 + day), NOW - timedelta(minutes=day)
    findings = await ask(stage, metrics=BOTH, when=whole)
    assert [one.first for one in findings.explained] == [None, None]


async def test_failures_are_explained_by_who_fails() -> None:
    stage = RecordedStage(failing={"payments": 0.2})
    stage.deployed("payments", "1.43.1", BEGAN + seconds(30))
    first, second = (await ask(stage, "checkout", metrics=BOTH)).explained
    assert (first.explanation.metric, named(first)) == (Metric.AVAILABILITY, ["payments"])
    assert first.suspect is not None
    assert first.suspect.before == timedelta(0), "within the window in which it began"
    assert second.explanation.unexplained is Unexplained.NOT_RAISED


async def test_without_a_target_the_worst_service_is_found() -> None:
    one = await explain(RecordedStage(slower={"orders": 20.0}))
    assert one.explanation.target == "checkout", "for it waits for orders, and added the most"
    assert named(one) == ["orders"]


async def test_a_change_afterwards_is_no_suspect() -> None:
    stage = RecordedStage(slower={"payments": 6.0})
    stage.deployed("payments", "1.43.1", BEGAN + timedelta(minutes=5))
    one = await explain(stage, "checkout")
    assert one.suspect is None
    (later,) = one.changes.afterwards
    assert (later.is_before, later.before) == (False, -timedelta(minutes=5))


async def test_a_release_that_was_deleted_is_told_without_where_it_comes_from() -> None:
    stage = RecordedStage(slower={"payments": 6.0})
    stage.deployed("payments", "1.43.1", BEGAN - seconds(40), ChangeKind.PROMOTED)
    stage.brought_out.clear()
    one = await explain(stage, "checkout")
    assert one.suspect is not None
    assert one.suspect.release is None


async def test_it_may_have_begun_before_the_time_that_was_said() -> None:
    stage = RecordedStage(slower={"payments": 6.0})
    (one,) = (await ask(stage, "checkout", when=(BEGAN + timedelta(minutes=6), ENDED))).explained
    assert one.began == BEGAN
    assert named(one) == ["payments"]


async def test_what_goes_on_has_no_end() -> None:
    stage = RecordedStage(slower={"payments": 6.0}, began=NOW - timedelta(minutes=5), ended=NOW)
    findings = await ask(stage, "checkout", when=(NOW - timedelta(minutes=40), NOW))
    (one,) = findings.explained
    assert (one.began, one.ended) == (NOW - timedelta(minutes=5), None)
    assert findings.step == seconds(15)


async def test_one_window_is_a_blip_and_is_said_to_be_one() -> None:
    stage = RecordedStage(slower={"payments": 20.0}, ended=BEGAN + timedelta(minutes=1))
    one = await explain(stage, "checkout")
    assert one.explanation.unexplained is Unexplained.ONE_WINDOW
    assert one.began == BEGAN


async def test_too_short_a_normal_period_is_said() -> None:
    stage = RecordedStage(slower={"payments": 6.0}, since=BEGAN - timedelta(minutes=6), ended=NOW)
    when = (BEGAN - timedelta(minutes=5), BEGAN + timedelta(minutes=3))
    one = (await ask(stage, "checkout", when=when)).explained[0]
    assert one.explanation.unexplained is Unexplained.NOT_MEASURED
    assert one.explanation.looked_at.normal_windows < 10


async def test_metrics_that_just_began_are_held_against_their_own_beginning() -> None:
    began = NOW - timedelta(minutes=5)
    stage = RecordedStage(slower={"payments": 6.0}, began=began, ended=NOW, since=NOW - timedelta(minutes=11))
    (one,) = (await ask(stage, "checkout", when=(NOW - timedelta(minutes=40), NOW))).explained
    assert (one.began, named(one)) == (began, ["payments"])


async def test_a_callee_that_was_lost_meanwhile_leaves_its_caller_unjudged() -> None:
    stage = RecordedStage(slower={"payments": 6.0}, nan=frozenset({"payments"}))
    one = await explain(stage, "checkout")
    assert named(one) == []
    assert one.explanation.unexplained is Unexplained.NOBODY
    assert one.explanation.looked_at.silent == ("payments",)
    assert "payments" in one.changes.services


async def test_a_callee_that_nobody_measures_is_named_as_such() -> None:
    stage = RecordedStage(slower={"payments": 6.0}, gone=frozenset({"payments"}))
    findings = await ask(stage, "checkout")
    assert findings.unmeasured == ("payments",)
    assert named(findings.explained[0]) == ["checkout"], "its time is its caller's, and that is said"


async def test_a_target_that_nobody_measures_is_not_explained() -> None:
    findings = await ask(RecordedStage(), "search")
    assert findings.explained == ()
    assert findings.measured == ("auth", "checkout", "orders", "payments")


async def test_without_any_metrics_it_is_said_what_is_missing() -> None:
    findings = await ask(RecordedStage(since=NOW), metrics=BOTH)
    assert (findings.explained, findings.measured) == ((), ())
    assert findings.missing == (Measure.REQUESTS, Measure.LATENCY_MEAN, Measure.FAILED)


async def test_who_does_not_count_its_calls_calls_whom_the_catalogue_says() -> None:
    one = await explain(RecordedStage(slower={"payments": 6.0}, counts_calls=False), "checkout")
    assert named(one) == ["payments"]


async def test_four_questions_at_most_and_each_is_a_fact() -> None:
    stage = RecordedStage(slower={"payments": 6.0}, failing={"payments": 0.2})
    stage.deployed("payments", "1.43.1", BEGAN - seconds(40))
    findings = await ask(stage, "checkout", metrics=BOTH)
    assert len(stage.asked) == 4
    assert {query.by[0] for query in stage.asked} == {Dimension.SERVICE}
    facts = {fact.id: fact for fact in findings.facts}
    assert len(facts) == len(findings.facts), "ids are unique"
    assert all(set(fact.source.inputs) <= facts.keys() for fact in findings.facts)
    assert facts["q1"].source.detail == "requests by service from 00:00 every 0:01:00"
    assert facts["latency_1_share"].value > 90
    assert (facts["latency_change_1"].value, facts["latency_change_1"].unit) == (40, "s")


async def test_more_than_a_day_and_what_is_to_come_are_refused() -> None:
    for when in ((NOW - timedelta(days=2), NOW), (NOW, NOW + timedelta(hours=1))):
        with pytest.raises(ValueError):
            await ask(RecordedStage(), when=when)
