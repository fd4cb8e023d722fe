"""Alerts of our own, from what is promised of services."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agents.operations.burn_rate import Bucket
from agents.operations.objective_watch import alerts_of
from governance.objectives import Objectives
from integrations.alerts import Alert, AlertStatus

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
