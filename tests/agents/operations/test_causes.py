"""Causes of incidents in systems whose cause is known, for it was planted; and none where there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from agents.operations.burden import Call, Mask, Metric, Series, Service, System, burdens
from agents.operations.causes import Explanation, MoreCalls, Unexplained, find_causes

NORMAL, INCIDENT = 60, 6
WINDOWS = NORMAL + INCIDENT
IN_INCIDENT: Mask = np.arange(WINDOWS) >= NORMAL
CALLS = (
    ("web", "checkout", 0.5),
    ("web", "search", 0.5),
    ("checkout", "auth", 1.0),
    ("checkout", "payments", 1.0),
    ("payments", "db", 2.0),
    ("auth", "db", 1.0),
    ("search", "db", 1.0),
)
OWN = {"web": 0.02, "checkout": 0.03, "search": 0.04, "auth": 0.01, "payments": 0.08, "db": 0.005}
FAILING = {"web": 0.001, "checkout": 0.0, "search": 0.0, "auth": 0.0, "payments": 0.002, "db": 0.0}


@dataclass(frozen=True)
class Department:
    """A department's services, drawn window by window: what each does by itself, and what its callees add.

    `factor` multiplies a service's own time in the incident, `fails` adds to its failures a request, `calls`
    multiplies how often the first calls the second, `traffic` all requests.
    """

    seed: int
    factor: Mapping[str, float] = field(default_factory=dict)
    fails: Mapping[str, float] = field(default_factory=dict)
    calls: Mapping[tuple[str, str], float] = field(default_factory=dict)
    traffic: float = 1.0
    counted: bool = True

    def system(self) -> System:
        chance = np.random.default_rng(self.seed)
        arrivals = 400 * (1 + 0.3 * np.sin(np.arange(WINDOWS) / 9)) * np.where(IN_INCIDENT, self.traffic, 1.0)
        requests: dict[str, Series] = {"web": chance.poisson(arrivals).astype(float)}
        between: dict[tuple[str, str], Series] = {}
        for caller, callee, often in CALLS:
            rate = often * np.where(IN_INCIDENT, self.calls.get((caller, callee), 1.0), 1.0)
            between[caller, callee] = chance.poisson(requests[caller] * rate).astype(float)
            requests[callee] = requests.get(callee, 0.0) + between[caller, callee]
        burden, failed = {}, {}
        for name in ("db", "auth", "payments", "search", "checkout", "web"):
            own = OWN[name] * np.where(IN_INCIDENT, self.factor.get(name, 1.0), 1.0)
            burden[name] = (
                requests[name] * own * chance.gamma(100, 0.01, WINDOWS) * chance.lognormal(0, 0.03, WINDOWS)
            )
            likely = FAILING[name] + np.where(IN_INCIDENT, self.fails.get(name, 0.0), 0.0)
            failed[name] = chance.binomial(requests[name].astype(int), likely).astype(float)
            for (caller, callee), asked in between.items():
                if caller == name:
                    burden[name] += burden[callee] * asked / requests[callee]
                    failed[name] += chance.binomial(failed[callee].astype(int), asked / requests[callee])
            failed[name] = np.minimum(failed[name], requests[name])
        calls = [Call(*pair, asked if self.counted else None) for pair, asked in between.items()]
        return System(
            {n: Service(requests[n], burden[n] / requests[n], failed[n]) for n in burden}, tuple(calls)
        )


def explain(system: System, metric: Metric = Metric.LATENCY, target: str = "web") -> Explanation:
    return find_causes(system, target, metric, ~IN_INCIDENT, IN_INCIDENT)


def names(found: Explanation) -> list[str]:
    return [cause.service for cause in found.causes]


def changed(system: System, name: str, service: Service) -> System:
    return replace(system, services={**system.services, name: service})


def put(series: Series | None, at: Mask | slice | int, value: float) -> Series:
    assert series is not None
    copy = series.copy()
    copy[at] = value
    return copy


# A cause is found.


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


# What must change nothing.


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
