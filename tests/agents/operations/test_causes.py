"""Causes of incidents in systems whose cause is known, for it was planted; and none where there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents.operations.burden import Call, Mask, Metric, Series, Service, System
from agents.operations.causes import MoreCalls, Unexplained, find_causes
from tests.agents.operations.planted import (
    IN_INCIDENT,
    INCIDENT,
    NORMAL,
    OWN,
    WINDOWS,
    Department,
    changed,
    explain,
    names,
    put,
)


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("culprit", OWN)
def test_who_became_slow_is_named_and_not_who_waits_for_it(culprit: str, counted: bool) -> None:
    """Ten departments for each service, with and without the requests between each two counted."""
    for seed in range(10):
        found = explain(Department(seed, factor={culprit: 6.0}, counted=counted).system())
        assert names(found)[:1] == [culprit]
        if counted:
            assert names(found) == [culprit]
            assert found.causes[0].share > 0.75


def test_a_cause_says_what_it_means() -> None:
    found = explain(Department(1, factor={"payments": 6.0}).system())
    (cause,) = found.causes
    assert (cause.subject, cause.explained) == ("payments' own time", "the added waiting")
    assert cause.usual == pytest.approx(0.09, rel=0.05)
    assert cause.during == pytest.approx(0.49, rel=0.05)
    assert cause.since == NORMAL
    assert found.added == pytest.approx(cause.added, rel=0.1)
    assert found.looked_at.judged == tuple(sorted(OWN))
    assert (found.looked_at.normal_windows, found.looked_at.incident_windows) == (NORMAL, INCIDENT)


@pytest.mark.parametrize("culprit", OWN)
def test_who_fails_is_named_and_not_who_fails_with_it(culprit: str) -> None:
    for seed in range(10):
        found = explain(Department(seed, fails={culprit: 0.1}).system(), Metric.AVAILABILITY)
        assert names(found) == [culprit]
        assert found.causes[0].share == pytest.approx(1.0, abs=0.15)
        assert found.causes[0].explained == "the added failures"


def test_two_causes_share_what_was_added_by_their_parts_of_it() -> None:
    """Payments adds .08 s x 3 to half of the requests, search .04 s x 3 to the other half."""
    found = explain(Department(3, factor={"payments": 4.0, "search": 4.0}).system())
    assert names(found) == ["payments", "search"]
    assert [cause.share for cause in found.causes] == pytest.approx([2 / 3, 1 / 3], abs=0.06)
    assert sum(cause.share for cause in found.causes) <= 1.0 + 1e-9


def test_who_calls_more_often_is_named_and_not_whom_it_calls() -> None:
    """A query for each row: the database is as fast as ever."""
    found = explain(Department(4, calls={("payments", "db"): 25.0}).system())
    assert names(found) == ["payments"]
    (more,) = found.causes[0].more_calls
    assert (more.callee, round(more.usual), round(more.during)) == ("db", 2, 50)


def test_who_is_only_slow_calls_nobody_more_often() -> None:
    assert explain(Department(4, factor={"payments": 6.0}).system()).causes[0].more_calls == ()


def _waits(arrivals: Series, service: Series) -> Series:
    """Sojourn times in a queue with one server, first come first served (Lindley's recursion)."""
    free, sojourns = 0.0, np.empty_like(arrivals)
    for i, (came, takes) in enumerate(zip(arrivals, service, strict=True)):
        free = max(free, came) + takes
        sojourns[i] = free - came
    return sojourns


@pytest.mark.parametrize(("slow", "by"), [("stock", 1.6), ("stock", 2.5), ("front", 3.0)])
def test_a_queue_that_builds_up_is_named_where_it_stands(slow: str, by: float) -> None:
    """Requests one by one: `front` works, then waits for `stock`, whose single server others use as well."""
    chance = np.random.default_rng(7)
    length, rate = 100.0, 5.0
    arrivals = np.cumsum(chance.exponential(1 / rate, int(WINDOWS * length * rate * 1.1)))
    arrivals = arrivals[arrivals < WINDOWS * length]
    late = arrivals >= NORMAL * length
    work = {
        name: chance.exponential(mean, len(arrivals)) * np.where(late & (slow == name), by, 1.0)
        for name, mean in (("front", 0.05), ("stock", 0.1))
    }
    ours = chance.random(len(arrivals)) < 0.8
    stock = _waits(arrivals, work["stock"])
    window = (arrivals // length).astype(int)

    def mean(values: Series, of: Mask) -> Series:
        return np.array([values[of & (window == w)].mean() for w in range(WINDOWS)])

    def count(of: Mask) -> Series:
        return np.bincount(window[of], minlength=WINDOWS).astype(float)

    everything = np.ones_like(ours)
    services = {
        "front": Service(count(ours), mean(work["front"] + stock, ours)),
        "batch": Service(count(~ours), mean(stock, ~ours)),
        "stock": Service(count(everything), mean(stock, everything)),
    }
    calls = (Call("front", "stock", count(ours)), Call("batch", "stock", count(~ours)))
    found = explain(System(services, calls), target="front")
    assert names(found) == [slow]
    assert found.causes[0].share > 0.8


# Nothing is named where nothing happened.


@pytest.mark.parametrize("metric", Metric)
def test_a_healthy_system_names_nobody(metric: Metric) -> None:
    """400 departments: one analysis in 10,000 at the normal law; these have longer tails and few windows."""
    named = [explain(Department(seed).system(), metric).causes for seed in range(400)]
    assert sum(bool(causes) for causes in named) <= 1


@pytest.mark.parametrize("traffic", [0.2, 4.0, 20.0])
@pytest.mark.parametrize("metric", Metric)
def test_more_traffic_or_less_is_no_cause(metric: Metric, traffic: float) -> None:
    for seed in range(40):
        found = explain(Department(seed, traffic=traffic).system(), metric)
        assert found.causes == ()
        assert found.unexplained is Unexplained.NOT_RAISED


def test_who_is_not_called_by_the_target_is_no_cause() -> None:
    found = explain(Department(5, factor={"payments": 6.0}).system(), target="search")
    assert found.causes == ()
    assert "payments" not in found.looked_at.judged


def test_one_window_is_a_blip_and_said_to_be_one() -> None:
    system = Department(6).system()
    web = system.services["web"]
    assert web.latency is not None
    usual = float(np.median(web.latency))
    around = put(web.latency, slice(NORMAL + 1, NORMAL + 4), usual * 1.01)
    slow = replace(web, latency=put(around, NORMAL + 2, 3.0))
    found = explain(changed(system, "web", slow))
    assert (found.causes, found.unexplained) == ((), Unexplained.ONE_WINDOW)
    slow = replace(web, latency=put(web.latency, slice(NORMAL + 2, NORMAL + 4), 3.0))
    assert names(explain(changed(system, "web", slow))) == ["web"]


def test_one_error_a_window_is_no_cause_though_there_was_none_before() -> None:
    quiet = Service(np.full(WINDOWS, 50.0), failed=put(np.zeros(WINDOWS), slice(NORMAL, NORMAL + 2), 1.0))
    assert explain(System({"web": quiet}, ()), Metric.AVAILABILITY).causes == ()
    worse = replace(quiet, failed=put(quiet.failed, slice(NORMAL, NORMAL + 2), 3.0))
    assert names(explain(System({"web": worse}, ()), Metric.AVAILABILITY)) == ["web"]


def test_a_callee_that_got_faster_does_not_make_its_caller_a_cause() -> None:
    """It is called without being waited for: the caller's own latency stays as it was."""
    system = Department(8, factor={"db": 6.0}).system()
    flags = Service(np.full(WINDOWS, 400.0), np.where(IN_INCIDENT, 0.1, 3.0))
    services = {**system.services, "flags": flags}
    found = explain(replace(system, services=services, calls=(*system.calls, Call("web", "flags"))))
    assert names(found) == ["db"]


# What is missing, reset or new.


def test_a_third_of_the_windows_missing_changes_no_cause() -> None:
    chance = np.random.default_rng(9)
    for seed in range(10):
        system = Department(seed, factor={"payments": 6.0}).system()
        lost = np.flatnonzero(chance.random(WINDOWS) < 1 / 3)
        services = {
            name: replace(service, latency=put(service.latency, lost, np.nan))
            for name, service in system.services.items()
        }
        known = int((~np.isin(np.flatnonzero(IN_INCIDENT), lost)).sum())
        found = explain(replace(system, services=services))
        assert found.looked_at.incident_windows == known
        assert names(found) == (["payments"] if known > 1 else [])


@pytest.mark.parametrize("metric", Metric)
def test_a_counter_that_was_reset_counts_as_missing(metric: Metric) -> None:
    system = Department(10).system()
    web = system.services["web"]
    for requests, failed in ((-90_000.0, 0.0), (10.0, 8_000.0), (10.0, -3.0)):
        at = slice(NORMAL + 1, NORMAL + 3)
        reset = replace(web, requests=put(web.requests, at, requests), failed=put(web.failed, at, failed))
        found = explain(changed(system, "web", reset), metric)
        assert found.causes == ()
        if metric is Metric.AVAILABILITY:
            assert found.looked_at.incident_windows == INCIDENT - 2


def test_a_callee_without_a_normal_period_is_its_callers_doing() -> None:
    """A release of checkout begins to call a service that nobody called before."""
    system = Department(11, factor={"checkout": 8.0}).system()
    asked = np.where(IN_INCIDENT, 200.0, 0.0)
    new = Service(asked, np.where(IN_INCIDENT, 0.2, np.nan))
    calls = (*system.calls, Call("checkout", "fraud", asked))
    found = explain(replace(system, services={**system.services, "fraud": new}, calls=calls))
    assert names(found) == ["checkout"]
    assert found.looked_at.without_normal == ("fraud",)
    assert [more.callee for more in found.causes[0].more_calls] == ["fraud"]
    assert found.causes[0].more_calls[0] == MoreCalls("fraud", 0.0, pytest.approx(1.0, abs=0.2))


def test_who_waits_for_a_callee_that_fell_silent_is_not_blamed() -> None:
    system = Department(12, factor={"payments": 6.0}).system()
    nothing = np.where(IN_INCIDENT, np.nan, 1.0)
    payments = system.services["payments"]
    assert payments.latency is not None
    silent = Service(payments.requests * nothing, payments.latency * nothing)
    found = explain(changed(system, "payments", silent))
    assert (found.causes, found.unexplained) == ((), Unexplained.NOBODY)
    assert found.looked_at.silent == ("payments",)


def test_a_target_without_a_normal_period_or_an_incident_is_not_explained() -> None:
    system = Department(13, factor={"web": 6.0}).system()
    web = system.services["web"]
    for missing in (~IN_INCIDENT, IN_INCIDENT):
        gone = replace(web, latency=put(web.latency, missing, np.nan))
        found = explain(changed(system, "web", gone))
        assert (found.causes, found.unexplained) == ((), Unexplained.NOT_MEASURED)


def test_a_question_that_cannot_be_asked_is_refused() -> None:
    system = Department(14).system()
    with pytest.raises(ValueError, match="not a service"):
        explain(system, target="billing")
    with pytest.raises(ValueError, match="not both"):
        find_causes(system, "web", Metric.LATENCY, ~IN_INCIDENT, np.ones(WINDOWS, dtype=bool))
    with pytest.raises(ValueError, match="one value for each window"):
        find_causes(system, "web", Metric.LATENCY, ~IN_INCIDENT[1:], IN_INCIDENT[1:])
    with pytest.raises(ValueError, match="one value for each window"):
        changed(system, "web", Service(np.ones(3)))
