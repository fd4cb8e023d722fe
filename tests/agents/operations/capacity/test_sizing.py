"""From a peak to what has to be there: every number with its reason, and nothing that was not measured."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agents.operations.capacity.scalability import Scalability, fit_scalability
from agents.operations.capacity.sizing import (
    CapacityPlan,
    Carried,
    Database,
    Level,
    Need,
    Risk,
    Running,
    size,
)
from agents.operations.capacity.traffic_forecast import Peak

PEAK = Peak(datetime(2026, 11, 27, 14, tzinfo=UTC), expected=4_400.0, low=4_000.0, high=4_800.0)


def measured(alpha: float, beta: float, most: int = 64) -> list[tuple[float, float]]:
    """The throughput of 1, 2, 4 … replicas that carry 100 requests/s each."""
    loads = [2**power for power in range(most.bit_length())]
    return [(n, 100 * n / (1 + alpha * (n - 1) + beta * n * (n - 1))) for n in loads]


def shown_by(law: Scalability) -> Carried:
    return Carried("5.0.0", "/", law)


KNOWN = Running(
    "orders",
    replicas=12,
    carried=shown_by(fit_scalability(measured(0.002, 0.0, 128))),
    database=Database(pool=10, held_seconds=0.05),
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
    assert KNOWN.carried is not None
    law = KNOWN.carried.law
    assert law is not None
    assert law.throughput(replicas.needed - 1) < 4_800 / 0.8 <= law.throughput(replicas.needed)
    assert (replicas.now, replicas.needed) == (12, 69)
    assert replicas.why == (
        f"69 carry {law.throughput(69):,.4g} requests/s by load tests of 5.0.0 at /,"
        " of which 4,800 may take 80%"
    )
    assert replicas.figures["peak"] == 4_800
    pool = need(plan, "pool of a replica")
    assert (pool.needed, pool.now) == (5, 10)  # 4,800/s by 69 is 69.6/s; × .05 s is 3.5, four fifths of 4.4
    assert all(one.why and one.figures for one in plan.needs)


def test_the_worst_risks_come_first_with_their_reasons() -> None:
    plan = size(PEAK, KNOWN)
    levels = [one.level for one in plan.risks]
    assert levels == sorted(levels, key=list(Level).index)
    assert risk(plan, "Replicas of orders").level is Level.YELLOW
    assert risk(plan, "The connection pool of a replica").level is Level.GREEN
    assert risk(plan, "Replicas of orders").why == "69 are needed, 12 run, and nothing scales them by itself."


def test_what_was_not_measured_is_said_and_gets_no_number() -> None:
    plan = size(PEAK, Running("orders", 12))
    assert plan.needs == ()
    assert plan.risks == ()
    assert plan.unknown == (
        "It is not known what a replica of orders carries: simulate load first.",
        "It is not known what the service takes of a database.",
        "Caches, a CDN and services of others are not looked at: nothing here measures them.",
    )
    half = size(PEAK, replace(KNOWN, database=Database(pool=10)))
    assert "It is not known how long a request holds a database connection." in half.unknown
    assert [one.what for one in half.needs] == ["replicas"]


@pytest.mark.parametrize(("replicas", "level"), [(69, Level.GREEN), (68, Level.YELLOW)])
def test_replicas_that_are_missing_are_a_risk(replicas: int, level: Level) -> None:
    assert risk(size(PEAK, replace(KNOWN, replicas=replicas)), "Replicas of orders").level is level


def test_more_than_was_measured_is_extrapolated_and_says_so() -> None:
    few = replace(KNOWN, carried=shown_by(fit_scalability(measured(0.002, 0.0, 32))))
    found = [one for one in size(PEAK, few).risks if one.what == "Replicas of orders"]
    assert found[0].level is Level.YELLOW
    assert found[0].why.startswith(
        "No more than 32 were measured; what 69 carry is extrapolated. No peak found"
    )


def test_where_no_number_of_replicas_is_enough_none_is_named() -> None:
    plan = size(PEAK, replace(KNOWN, carried=shown_by(fit_scalability(measured(0.02, 0.001)))))
    (found,) = [one for one in plan.risks if one.what == "Replicas of orders"]
    assert found.level is Level.RED
    assert found.why.startswith("No number of replicas carries 6,000 requests/s: the fit ends at 1,")
    assert plan.needs == (), "nor what each of them would hold of its database"


def test_what_was_held_and_never_broken_is_no_capacity() -> None:
    plan = size(PEAK, replace(KNOWN, carried=Carried("5.0.0", "/", at_least=(2, 400.0))))
    assert not [one for one in plan.needs if one.what == "replicas"]
    assert plan.unknown[0] == (
        "2 replicas of orders carried at least 400 requests/s in load tests of 5.0.0 at /, and nothing gave"
        " way: how much more they carry is not known. Simulate more load."
    )


@pytest.mark.parametrize(
    ("pool", "level"), [(13, Level.RED), (14, Level.YELLOW), (17, Level.YELLOW), (18, Level.GREEN)]
)
def test_a_replicas_own_pool_has_to_do_for_its_share(pool: int, level: Level) -> None:
    plan = size(PEAK, replace(KNOWN, database=Database(pool=pool, held_seconds=0.2)))
    found = risk(plan, "The connection pool of a replica")
    assert found.level is level
    assert found.why == f"13.9 of the {pool} connections of a replica's own pool are busy at once."
    assert need(plan, "pool of a replica").needed == 18


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
