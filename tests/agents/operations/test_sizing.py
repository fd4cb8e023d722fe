"""From a peak to what has to be there: every number with its reason, and nothing that was not measured."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agents.operations.scalability import fit_scalability
from agents.operations.sizing import (
    Cache,
    CapacityPlan,
    Cdn,
    Database,
    Dependency,
    Level,
    Need,
    Risk,
    Running,
    size,
)
from agents.operations.traffic_forecast import Peak

PEAK = Peak(datetime(2026, 11, 27, 14, tzinfo=UTC), expected=4_400.0, low=4_000.0, high=4_800.0)


def measured(alpha: float, beta: float, most: int = 64) -> list[tuple[float, float]]:
    """The throughput of 1, 2, 4 … replicas that carry 100 requests/s each."""
    loads = [2**power for power in range(most.bit_length())]
    return [(n, 100 * n / (1 + alpha * (n - 1) + beta * n * (n - 1))) for n in loads]


KNOWN = Running(
    "orders",
    replicas=12,
    scalability=fit_scalability(measured(0.002, 0.0, 128)),
    scales_itself_to=120,
    replicas_in_pod=2,
    database=Database(pool=10, limit=600, used_by_others=40, held_seconds=0.05),
    cache=Cache(nodes=2, node_carries=3_000.0, lookups=2.0),
    cdn=Cdn(served=4.0, response_bytes=50_000, limit=5_000.0),
    dependencies=(Dependency("the payment provider", calls=0.1, limit=500.0),),
)


def need(plan: CapacityPlan, what: str) -> Need:
    (found,) = [one for one in plan.needs if one.what == what]
    return found


def risk(plan: CapacityPlan, what: str) -> Risk:
    (found,) = [one for one in plan.risks if one.what == what]
    return found


def test_every_need_follows_from_its_figures() -> None:
    plan = size(PEAK, KNOWN)
    replicas = need(plan, "replicas")
    law = KNOWN.scalability
    assert law is not None
    assert law.throughput(replicas.needed - 1) < 4_800 / 0.8 <= law.throughput(replicas.needed)
    assert (replicas.now, replicas.needed) == (12, 69)
    assert replicas.why == f"69 carry {law.throughput(69):,.4g} requests/s, of which 4,800 may take 80%"
    assert replicas.figures["peak"] == 4_800
    assert (need(plan, "pods").now, need(plan, "pods").needed) == (6, 35)
    busy = need(plan, "connections in use")
    assert (busy.needed, busy.now) == (300, 690)  # 4,800/s × .05 s = 240, four fifths of 300
    assert need(plan, "connections opened").needed == 690
    assert need(plan, "read replicas").needed == 1  # 730 at 480 each: two databases
    assert need(plan, "cache nodes").needed == 4  # 9,600 lookups/s at 2,400 each
    assert need(plan, "CDN traffic").needed == pytest.approx(4_800 * 4 * 50_000 * 3600 / 1e9)
    assert all(one.why and one.figures for one in plan.needs)


def test_the_worst_risks_come_first_with_their_reasons() -> None:
    plan = size(PEAK, KNOWN)
    levels = [one.level for one in plan.risks]
    assert levels == sorted(levels, key=list(Level).index)
    assert risk(plan, "The database's connections") == Risk(
        Level.RED, "The database's connections", "69 replicas open 10 each, others hold 40: 122% of 600."
    )
    assert risk(plan, "The cache").level is Level.RED
    assert risk(plan, "The CDN").level is Level.GREEN
    limit = risk(plan, "The rate limit of the payment provider")
    assert (limit.level, limit.why) == (Level.YELLOW, "480 calls/s are needed: 96% of 500.")
    assert risk(plan, "The connection pools").level is Level.GREEN
    assert risk(plan, "Replicas of orders").why == "69 are needed, 12 run; they scale themselves up to 120."


def test_what_was_not_measured_is_said_and_gets_no_number() -> None:
    plan = size(PEAK, Running("orders", 12, dependencies=(Dependency("the payment provider"),)))
    assert plan.needs == ()
    assert plan.unknown == (
        "It is not known what a replica of orders carries: simulate load first.",
        "It is not known what the service takes of a database.",
        "It is not known whether a cache stands before the database.",
        "It is not known what a CDN serves before the service.",
        "It is not known how often a request calls the payment provider.",
        "It is not known what the payment provider allows.",
    )
    assert [one.level for one in plan.risks] == [Level.YELLOW]
    half = size(PEAK, replace(KNOWN, database=Database(held_seconds=0.05), cache=Cache(node_carries=3_000.0)))
    assert need(half, "connections in use").now is None
    assert "It is not known how many connections a replica's pool holds." in half.unknown
    assert "It is not known how many lookups a request makes." in half.unknown
    assert not [one for one in half.needs if one.what in ("connections opened", "cache nodes")]


@pytest.mark.parametrize(
    ("replicas", "bound", "level"),
    [(69, None, Level.GREEN), (68, None, Level.YELLOW), (12, 69, Level.GREEN), (12, 68, Level.RED)],
)
def test_whether_replicas_come_by_themselves(replicas: int, bound: int | None, level: Level) -> None:
    plan = size(PEAK, replace(KNOWN, replicas=replicas, scales_itself_to=bound))
    assert risk(plan, "Replicas of orders").level is level


def test_more_than_was_measured_is_extrapolated_and_says_so() -> None:
    few = replace(KNOWN, scalability=fit_scalability(measured(0.002, 0.0, 32)))
    found = [one for one in size(PEAK, few).risks if one.what == "Replicas of orders"]
    assert found[0].level is Level.YELLOW
    assert found[0].why.startswith(
        "No more than 32 were measured; what 69 carry is extrapolated. No peak found"
    )


def test_where_no_number_of_replicas_is_enough_none_is_named() -> None:
    plan = size(PEAK, replace(KNOWN, scalability=fit_scalability(measured(0.02, 0.001))))
    (found,) = [one for one in plan.risks if one.what == "Replicas of orders"]
    assert found.level is Level.RED
    assert found.why.startswith("No number of replicas carries 6,000 requests/s: the fit ends at 1,")
    assert {one.what for one in plan.needs} == {"connections in use", "cache nodes", "CDN traffic"}


def test_pools_that_are_too_small_are_a_risk_by_themselves() -> None:
    slow = Database(pool=10, limit=6_000, used_by_others=0, held_seconds=0.2)
    plan = size(PEAK, replace(KNOWN, database=slow))
    assert risk(plan, "The connection pools").why == "960 connections are busy at once: 139% of 690."
    assert risk(plan, "The connection pools").level is Level.RED
    assert not [one for one in plan.needs if one.what == "read replicas"]


def test_an_uncertain_forecast_is_a_risk() -> None:
    wide = replace(PEAK, low=2_000.0)
    assert risk(size(wide, KNOWN), "An uncertain forecast").why == (
        "The peak may be 2,000 to 4,800 requests/s: sized for its upper end."
    )
    assert not [one for one in size(PEAK, KNOWN).risks if one.what == "An uncertain forecast"]


def test_figures_that_cannot_be_are_refused() -> None:
    for peak in (replace(PEAK, expected=0.0), replace(PEAK, high=4_000.0), replace(PEAK, high=float("nan"))):
        with pytest.raises(ValueError, match="a peak is traffic above zero"):
            size(peak, KNOWN)
    for running in (replace(KNOWN, replicas_in_pod=0), replace(KNOWN, cache=Cache(node_carries=0.0))):
        with pytest.raises(ValueError, match="a pod holds a replica"):
            size(PEAK, running)
    nothing = size(PEAK, replace(KNOWN, database=Database(pool=1, limit=0, used_by_others=0)))
    assert risk(nothing, "The database's connections").level is Level.RED
