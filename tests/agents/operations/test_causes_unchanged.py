"""What must change nothing of a cause: names, their order, units, and who else there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from agents.operations.burden import Call, Metric, Service, System, burdens
from agents.operations.causes import Explanation
from tests.agents.operations.planted import (
    IN_INCIDENT,
    INCIDENT,
    OWN,
    WINDOWS,
    Department,
    explain,
    names,
)


def _same(one: Explanation, other: Explanation, called: Mapping[str, str] | None = None) -> None:
    called = called or {name: name for name in OWN}
    assert [called[cause.service] for cause in one.causes] == names(other)
    for cause, its_like in zip(one.causes, other.causes, strict=True):
        assert cause.share == pytest.approx(its_like.share, rel=1e-6)
        assert cause.z == pytest.approx(its_like.z, rel=1e-6)


@pytest.mark.parametrize("metric", Metric)
def test_names_and_their_order_change_nothing(metric: Metric) -> None:
    system = Department(15, factor={"payments": 4.0, "search": 4.0}, fails={"db": 0.05, "web": 0.05}).system()
    chance = np.random.default_rng(1)
    order: Sequence[str] = list(chance.permutation(sorted(OWN)))
    called = {name: f"s{i}" for i, name in enumerate(order)}
    services = {called[name]: system.services[name] for name in order}
    calls = [Call(called[call.caller], called[call.callee], call.requests) for call in reversed(system.calls)]
    found = explain(system, metric)
    assert len(found.causes) == 2
    _same(found, explain(System(services, tuple(calls)), metric, called["web"]), called)


@pytest.mark.parametrize("by", [0.01, 1000.0])
def test_traffic_times_a_constant_changes_nothing_of_latency(by: float) -> None:
    system = Department(16, factor={"payments": 4.0, "search": 4.0}).system()
    services = {n: replace(service, requests=service.requests * by) for n, service in system.services.items()}
    calls = [
        replace(call, requests=None if call.requests is None else call.requests * by) for call in system.calls
    ]
    _same(explain(system), explain(System(services, tuple(calls))))


def test_the_same_rate_of_failures_is_the_same_share_at_ten_times_the_traffic() -> None:
    system = Department(17, fails={"payments": 0.1, "search": 0.05}).system()
    services = {
        name: Service(service.requests * 10, failed=None if service.failed is None else service.failed * 10)
        for name, service in system.services.items()
    }
    calls = [Call(c.caller, c.callee, None if c.requests is None else c.requests * 10) for c in system.calls]
    less = explain(system, Metric.AVAILABILITY)
    more = explain(System(services, tuple(calls)), Metric.AVAILABILITY)
    assert names(less) == names(more) == ["payments", "search"]
    assert [c.share for c in less.causes] == pytest.approx([c.share for c in more.causes])


# Who works for whom.


def test_of_a_shared_callee_the_target_is_told_its_own_part() -> None:
    """The database works for `batch` at four requests of five: counted ones are taken as they are, the others
    share what is left by the callers' requests."""
    flat = np.ones(WINDOWS)
    services = {
        "web": Service(100 * flat, 0.05 * flat),
        "batch": Service(10 * flat, 2 * flat),
        "db": Service(500 * flat, 0.01 * flat),
    }
    counted = System(services, (Call("web", "db", 100 * flat), Call("batch", "db", 400 * flat)))
    half = System(services, (Call("web", "db"), Call("batch", "db", 400 * flat)))
    guessed = System(services, (Call("web", "db"), Call("batch", "db")))
    for system, part in ((counted, 0.2), (half, 0.2), (guessed, 100 / 110)):
        found = burdens(system, "web", Metric.LATENCY, ~IN_INCIDENT)
        assert found.keys() == {"web", "db"}
        assert found["db"].part == pytest.approx(part)


def test_what_a_shared_callee_added_is_what_it_added_to_the_target() -> None:
    """Four fifths of the database's waiting are another's."""
    flat, noise = np.ones(WINDOWS), np.random.default_rng(1).normal(0, 1e-4, WINDOWS)
    slow = 0.01 + noise + np.where(IN_INCIDENT, 0.09, 0.0)
    services = {
        "web": Service(100 * flat, 0.04 + slow),
        "db": Service(500 * flat, slow),
        "batch": Service(9 * flat),
    }
    calls = (Call("web", "db", 100 * flat), Call("batch", "db", 400 * flat))
    found = explain(System(services, calls))
    assert names(found) == ["db"]
    assert found.causes[0].added == pytest.approx(found.added) == pytest.approx(100 * 0.09 * INCIDENT, rel=0.01)


def test_services_that_call_each_other_in_a_circle_come_to_an_end() -> None:
    system = Department(18, factor={"payments": 6.0}).system()
    few = np.full(WINDOWS, 5.0)
    circle = replace(
        system, calls=(*system.calls, Call("db", "web", few), Call("db", "auth", few), Call("db", "db"))
    )
    assert names(explain(circle)) == ["payments"]
