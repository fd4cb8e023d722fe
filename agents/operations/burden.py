"""Who burdens whom: the waiting, or the failed requests, that each service of a call graph adds by itself.

A service's burden in a window is its average latency times its requests (seconds that callers waited for it),
or its failed requests. What is more than usual at the same traffic is its excess: traffic alone has none. Of
that excess its callees explain theirs, each in the part that it works for this caller; the rest is its own. So
a service that calls a healthy callee more often, or that waits for a callee without a normal period to compare
with, is to blame itself.

An excess is subtracted, never a relief: a callee that got faster beside its caller (asynchronous calls) does
not make the caller a cause.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

LEAST_NORMAL = 10
"""Measured windows from which on a normal period counts as one."""

Series = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class Metric(StrEnum):
    """What of the target became worse."""

    LATENCY = "latency"
    AVAILABILITY = "availability"


@dataclass(frozen=True, slots=True, eq=False)
class Service:
    """What one service did in each window, all arrays of one length; NaN where it was not measured.

    `latency` is the mean in seconds, `failed` a number of requests. What cannot be (a negative count after a
    counter's reset, more failures than requests) counts as not measured.
    """

    requests: Series
    latency: Series | None = None
    failed: Series | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One service calls another: `requests` per window where they are known for this pair."""

    caller: str
    callee: str
    requests: Series | None = None


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """Services, and who calls whom. Windows are consecutive, of one length, the same for all.

    A callee that is not among the services is unmeasured: its time is its caller's.
    """

    services: Mapping[str, Service]
    calls: tuple[Call, ...]

    def __post_init__(self) -> None:
        """Raises ValueError where the arrays are not of one length."""
        series = [x for s in self.services.values() for x in (s.requests, s.latency, s.failed) if x is not None]
        series += [call.requests for call in self.calls if call.requests is not None]
        if len({each.shape for each in series}) > 1:
            raise ValueError("all series of a system have one value for each window")


@dataclass(frozen=True, slots=True, eq=False)
class Burden:
    """One service beside its normal period; per window.

    `rate` is seconds or failures a request, `usual` its median in the normal period (NaN without one),
    `excess` the burden beyond `usual` at the window's traffic, `own` what callees do not explain of it (NaN
    where that cannot be told), `part` the share of its work that it does for the target, `calls` how often it
    calls each callee in one request, where that was counted.
    """

    requests: Series
    rate: Series
    usual: float
    excess: Series
    own: Series
    part: Series
    calls: Mapping[str, Series]


def burdens(system: System, target: str, metric: Metric, normal: Mask) -> dict[str, Burden]:
    """The burdens of the target and of all that it calls, directly or not; others are not looked at."""
    known = {name: _measured(service, metric) for name, service in system.services.items()}
    requests = {name: found[0] for name, found in known.items()}
    parts = _parts(system, requests)
    reached = _reached(target, parts, requests[target])
    usual = {name: _usual(*known[name], normal) for name in reached}
    excess = {name: _excess(*known[name], usual[name]) for name in reached}
    explained = {name: np.zeros_like(requests[target]) for name in reached}
    for (caller, callee), part in parts.items():
        if caller in reached and not np.isnan(usual[callee]):
            explained[caller] += part * np.maximum(_blamed(excess[callee], requests[callee], normal), 0.0)
    return {
        name: Burden(
            requests[name],
            _rate(*known[name]),
            usual[name],
            excess[name],
            excess[name] - explained[name],
            part,
            _calls(name, system, requests[name]),
        )
        for name, part in reached.items()
    }


def _measured(service: Service, metric: Metric) -> tuple[Series, Series]:
    """Requests and burden, NaN where either cannot be. Without requests there is no burden."""
    requests = np.where(np.isfinite(service.requests) & (service.requests >= 0), service.requests, np.nan)
    level = service.latency if metric is Metric.LATENCY else service.failed
    if level is None:
        return requests, np.where(requests == 0, 0.0, np.nan)
    possible = np.isfinite(level) & (level >= 0)
    if metric is Metric.AVAILABILITY:
        possible &= level <= requests * (1 + 1e-9)
    burden = np.where(possible, level, np.nan) * (requests if metric is Metric.LATENCY else 1.0)
    return requests, np.where(requests == 0, 0.0, burden)


def _rate(requests: Series, burden: Series) -> Series:
    return np.divide(burden, requests, out=np.full_like(burden, np.nan), where=requests > 0)


def _calls(name: str, system: System, requests: Series) -> dict[str, Series]:
    return {
        call.callee: _rate(requests, np.where(call.requests >= 0, call.requests, np.nan))
        for call in system.calls
        if call.caller == name and call.requests is not None
    }


def _usual(requests: Series, burden: Series, normal: Mask) -> float:
    rates = _rate(requests, burden)[normal]
    rates = rates[np.isfinite(rates)]
    return float(np.median(rates)) if len(rates) >= LEAST_NORMAL else np.nan


def _excess(requests: Series, burden: Series, usual: float) -> Series:
    return np.where(requests == 0, 0.0, burden - usual * requests)


def _blamed(excess: Series, requests: Series, normal: Mask) -> Series:
    """A callee's excess as its callers are relieved of it. One that is usually called and is not measured now
    leaves them unknown; one that is called now and then is taken as idle."""
    often = np.nan_to_num(requests[normal])
    return excess if np.median(often) > 0 else np.nan_to_num(excess)


def _parts(system: System, requests: Mapping[str, Series]) -> dict[tuple[str, str], Series]:
    """Of each callee's work, the part that it does for each of its callers: by the requests between the two
    where they are known; what is left is shared by the callers' own requests."""
    calls: dict[str, dict[str, Series | None]] = {}
    for call in system.calls:
        if call.caller in requests and call.callee in requests and call.caller != call.callee:
            calls.setdefault(call.callee, {})[call.caller] = call.requests
    parts: dict[tuple[str, str], Series] = {}
    for callee, callers in calls.items():
        total = np.nan_to_num(requests[callee])
        given = {who: np.nan_to_num(known) for who, known in callers.items() if known is not None}
        counted = sum(given.values(), np.zeros_like(total))
        base = np.maximum(total, counted)
        left = np.divide(base - counted, base, out=np.zeros_like(base), where=base > 0) if given else 1.0
        guessed = {who: np.nan_to_num(requests[who]) for who in callers if who not in given}
        whole = sum(guessed.values(), np.zeros_like(total))
        for who, asked in given.items():
            parts[who, callee] = np.divide(asked, base, out=np.zeros_like(base), where=base > 0)
        for who, asked in guessed.items():
            parts[who, callee] = left * np.divide(asked, whole, out=np.zeros_like(whole), where=whole > 0)
    return parts


def _reached(target: str, parts: Mapping[tuple[str, str], Series], like: Series) -> dict[str, Series]:
    """The part of its work that each service does for the target, through all chains of calls.

    Passed on from caller to callee as often as there are services: then every chain without a circle has
    arrived; a part is never more than the whole, so circles end.
    """
    names = {target} | {name for pair in parts for name in pair}
    part = {target: np.ones_like(like)}
    for _ in names:
        passed = {target: part[target]}
        for (caller, callee), share in parts.items():
            if caller in part and callee != target:
                passed[callee] = np.minimum(passed.get(callee, 0.0) + part[caller] * share, 1.0)
        if passed.keys() == part.keys() and all(np.array_equal(passed[name], part[name]) for name in passed):
            break
        part = passed
    return part
