"""Alerts of our own, from what is promised of services."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from agents.operations.burn_rate import Bucket
from agents.operations.error_budgets import read_budgets
from agents.operations.objective_watch import alerts_of, counted
from governance.objectives import Objectives
from integrations.alerts import Alert, AlertStatus
from integrations.metrics import Resolution
from tests.agents.operations.recorded_stage import RecordedStage

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
PROMISED = Objectives(availability=0.995, services={"orders": 0.9})


def minutes(count: int, *, bad: float, since: int = 0, total: float = 100.0) -> tuple[Bucket, ...]:
    """So many minutes up to now, of which the last `since` have `bad` of `total` requests failing."""
    return tuple(
        Bucket(
            NOW - timedelta(minutes=ago + 1),
            NOW - timedelta(minutes=ago),
            total - (bad if ago < since else 0),
            total,
        )
        for ago in range(count)
    )


def alerts(service: str, buckets: tuple[Bucket, ...], firing: dict[str, datetime] | None = None) -> list[Alert]:
    return list(alerts_of({service: buckets}, PROMISED, firing or {}, NOW))


def test_a_budget_that_burns_sets_one_off_and_says_by_what_figures() -> None:
    (alert,) = alerts("checkout", minutes(400, bad=60, since=10))
    assert (alert.status, alert.service, alert.stage) == (AlertStatus.FIRING, "checkout", "production")
    assert alert.started == NOW - timedelta(minutes=10)
    assert alert.annotations["summary"] == (
        "10.0% of 6,000 requests failed in the last hour, where 0.50% are allowed: the budget of 30 days burns"
        " 20 times as fast as it may."
    )


def test_minutes_without_requests_did_not_burn() -> None:
    asked = minutes(400, bad=60, since=10)
    quiet = tuple(Bucket(one.begin, one.end, 0.0, 0.0) for one in asked[10:200])
    for buckets in ((*asked[:10], *quiet, *asked[200:]), (*asked[:10], *asked[200:])):
        (alert,) = alerts("checkout", buckets)
        assert alert.started == NOW - timedelta(minutes=10)


@pytest.mark.parametrize(
    ("service", "buckets"),
    [
        ("checkout", minutes(400, bad=0)),
        ("checkout", minutes(400, bad=1, since=400)),  # over the promise, and slow enough for a working day
        ("checkout", minutes(400, bad=2, since=2, total=2.0)),  # four errors are no evidence
        ("orders", minutes(400, bad=60, since=10)),  # promised less
        ("checkout", ()),
    ],
)
def test_nothing_else_does(service: str, buckets: tuple[Bucket, ...]) -> None:
    assert alerts(service, buckets) == []


def test_what_fires_is_not_told_again_and_ends_only_when_it_is_seen_to_be_well() -> None:
    began = NOW - timedelta(hours=1)
    assert alerts("checkout", minutes(400, bad=60, since=10), {"checkout": began}) == []
    assert alerts("checkout", minutes(2, bad=0), {"checkout": began}) == [], "two minutes show nothing"
    (over,) = alerts("checkout", minutes(400, bad=0), {"checkout": began})
    assert (over.status, over.started, over.ended) == (AlertStatus.RESOLVED, began, NOW)


async def test_a_budget_of_a_month_is_of_no_shorter_windows_than_were_kept() -> None:
    hour = timedelta(hours=1)
    for old, step in ((hour / 20, hour), (2 * hour, 2 * hour)):
        stage = RecordedStage(resolution=Resolution(hour / 240, ((24 * hour, old),)))
        await read_budgets(stage.ports.metrics, PROMISED, NOW)
        assert {one.step for one in stage.asked} == {step}


async def test_each_request_counts_in_one_bucket_however_coarse_metrics_are() -> None:
    minute = timedelta(minutes=1)
    for shortest in (minute / 4, minute, 2 * minute):
        stage = RecordedStage(resolution=Resolution(shortest))
        (buckets, *_) = (await counted(stage.ports.metrics, NOW)).values()
        assert {one.end - one.begin for one in buckets} == {max(minute, shortest)}
        assert all(a.end == b.begin for a, b in pairwise(buckets))
        assert (buckets[0].begin, buckets[-1].end) == (NOW - timedelta(hours=6), NOW)
