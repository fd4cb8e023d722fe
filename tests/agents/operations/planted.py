"""Systems whose cause is known, for it was planted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from agents.operations.burden import Call, Mask, Metric, Series, Service, System
from agents.operations.causes import Explanation, find_causes

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
