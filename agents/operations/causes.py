"""What caused an incident: the services whose own burden explains what the target added, or "I do not know".

Each service that the target calls, directly or not, and the target itself, is a candidate. What it added by
itself (`burden.py`) names it a cause if

- it explains a seventh or more of the target's excess: its projection on the target's excess over the
  incident's windows, so that windows count by how bad they were; and
- in two measured windows running it lies beyond its own normal period, and the target is above its own in
  both. One window is a blip: it is said to be one, and nothing is named.

How far beyond: at the normal law (Student's t, for short normal periods) one analysis of 10,000 would name
anybody, over all pairs of windows and all candidates together. Latency is measured in robust deviations of the
normal period; they are allowed to grow with traffic, so that many more requests are no evidence. Failures are
counts: the signed root of Poisson's deviance, over what the normal period's own spread demands.

Both settings hold for all systems and both metrics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from agents.operations.burden import LEAST_NORMAL, Burden, Mask, Metric, Series, System, burdens

LEAST_SHARE = 0.15
FALSE_ALARMS = 1e-4
LEAST_FAILED = 3
"""Failed requests in two windows below which there is no evidence: one error at low traffic is none."""
MORE_CALLS = 1.5
LEAST_CHANGE = 0.005
"""Of the target's usual waiting: what a robust deviation is taken as at least."""


class Unexplained(StrEnum):
    """Why no cause is named."""

    NOT_MEASURED = "not measured"
    NOT_RAISED = "not raised"
    ONE_WINDOW = "raised in one window only"
    NOBODY = "nobody stands out"


@dataclass(frozen=True, slots=True)
class MoreCalls:
    """A cause calls `callee` so many times in one request, and did so `usual` times before (0: not at all)."""

    callee: str
    usual: float
    during: float


@dataclass(frozen=True, slots=True)
class Cause:
    """A service that explains a part of what the target added.

    `share` is that part, from 0 to 1; the shares of all causes of an incident are at most 1 together. `added`
    is what it added to the target by itself, in seconds of waiting or failed requests; `z` how far beyond its
    normal period, in deviations, in the lesser of its two best windows. `usual` and `during` are its seconds,
    or failures, a request, in the normal period and in the incident; `since` the first window of the evidence;
    `more_calls` the callees that it calls half as often again, or more.
    """

    service: str
    metric: Metric
    share: float
    z: float
    added: float
    usual: float
    during: float
    since: int
    more_calls: tuple[MoreCalls, ...]

    @property
    def subject(self) -> str:
        """The subject of the sentence about it: "payments' own time" (explains 71 % of …)."""
        own = f"{self.service}'" if self.service.endswith("s") else f"{self.service}'s"
        return f"{own} own {'time' if self.metric is Metric.LATENCY else 'failures'}"

    @property
    def explained(self) -> str:
        """The object of that sentence: "the added waiting"."""
        return "the added waiting" if self.metric is Metric.LATENCY else "the added failures"


@dataclass(frozen=True, slots=True)
class LookedAt:
    """What an answer rests on: who was judged, who could not be, and how many windows were measured.

    `without_normal` have no normal period, so that their waiting is their callers'; `silent` were called in the
    normal period and not measured in the incident, so that their callers are not judged either.
    """

    judged: tuple[str, ...]
    without_normal: tuple[str, ...]
    silent: tuple[str, ...]
    normal_windows: int
    incident_windows: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """The causes, the greatest share first; or none, and why. `added` is what the target added in all."""

    target: str
    metric: Metric
    causes: tuple[Cause, ...]
    unexplained: Unexplained | None
    added: float
    looked_at: LookedAt


def find_causes(system: System, target: str, metric: Metric, normal: Mask, incident: Mask) -> Explanation:
    """Why `target` waits longer or fails more often in the incident's windows than in the normal ones.

    Raises ValueError if the target is not measured at all, or the windows of both periods are not told apart.
    """
    if target not in system.services:
        raise ValueError(f"{target} is not a service of the system")
    if normal.shape != incident.shape or normal.shape != system.services[target].requests.shape:
        raise ValueError(
            "one value for each window says whether it is normal, and whether it is the incident's"
        )
    if bool((normal & incident).any()):
        raise ValueError("a window is normal or the incident's, not both")
    found = burdens(system, target, metric, normal)
    looked_at = _looked_at(found, target, normal, incident)
    excess = found[target].excess
    if np.isnan(found[target].usual) or looked_at.incident_windows < 1:
        return Explanation(target, metric, (), Unexplained.NOT_MEASURED, 0.0, looked_at)
    raised = np.where(incident & np.isfinite(excess), np.maximum(excess, 0.0), 0.0)
    causes: list[Cause] = []
    floor = _floor(found[target], normal)
    for name in looked_at.judged:
        judge = _Judge(metric, normal, incident, floor, len(looked_at.judged))
        if cause := _cause(name, found[name], raised, judge):
            causes.append(cause)
    causes.sort(key=lambda cause: (-cause.share, cause.service))
    # Services that wait at the same time explain more than there is, together.
    whole = max(1.0, sum(cause.share for cause in causes))
    shared = tuple(replace(cause, share=cause.share / whole) for cause in causes)
    why = None if shared else _why_not(found[target], _Judge(metric, normal, incident, floor, 1))
    return Explanation(target, metric, shared, why, float(raised.sum()), looked_at)


def excess_of(system: System, target: str, metric: Metric, normal: Mask) -> tuple[Series, Series]:
    """What the target added in each window, in seconds of waiting or failed requests, and how many deviations
    that lies beyond the normal period: NaN where it was not measured, or all over without a normal period."""
    alone = System({target: system.services[target]}, ())
    found = burdens(alone, target, metric, normal)[target]
    if np.isnan(found.usual):
        return found.excess, np.full_like(found.excess, np.nan)
    judge = _Judge(metric, normal, ~normal, _floor(found, normal), 1)
    # Of failures all count: what lies beyond the usual ones alone is no Poisson variable when traffic grows.
    values = found.excess if metric is Metric.LATENCY else found.rate * found.requests
    return found.excess, judge.deviations(values, found.requests)


def _floor(target: Burden, normal: Mask) -> float:
    return LEAST_CHANGE * float(np.nanmedian((target.requests * target.rate)[normal]))


@dataclass(frozen=True, slots=True, eq=False)
class _Judge:
    """Both periods, and what is demanded in them. `floor`, in seconds, is the least deviation of latency."""

    metric: Metric
    normal: Mask
    incident: Mask
    floor: float
    candidates: int

    def deviations(self, values: Series, requests: Series) -> Series:
        """How many deviations each window's value lies beyond the normal period's."""
        calm = values[self.normal]
        calm = calm[np.isfinite(calm)]
        if self.metric is Metric.AVAILABILITY:
            return self._counted(values, calm, requests)
        middle = float(np.median(calm))
        spread = max(_spread(calm), self.floor, np.finfo(float).tiny)
        busy = float(np.median(requests[self.normal & (requests > 0)]))
        return (values - middle) / (spread * np.maximum(requests / busy, 1.0))

    def _counted(self, values: Series, calm: Series, requests: Series) -> Series:
        """Of failed requests. What the normal period's worst twentieth adds is cut off: incidents lie in it."""
        cut = np.clip(calm, 0.0, np.quantile(np.maximum(calm, 0.0), 0.95))
        expected = (cut.sum() + 0.5) / np.nansum(requests[self.normal]) * np.maximum(requests, 1.0)
        counts = np.maximum(values, 0.0)
        logs = counts * np.log(np.where(counts > 0, counts, 1.0) / expected)
        roots: Series = np.sign(counts - expected) * np.sqrt(2 * np.maximum(logs - (counts - expected), 0.0))
        before = roots[self.normal]
        return roots / max(1.0, float(np.quantile(before[np.isfinite(before)], 0.95)) / _NINETEEN)

    def threshold(self, values: Series, together: int = 2) -> float:
        """Deviations that as many windows running have to reach, for all pairs and candidates together."""

        from scipy import stats

        tried = max(int(self.incident.sum()) - 1, 1) * self.candidates
        known = int(np.isfinite(values[self.normal]).sum())
        return float(stats.t.isf((FALSE_ALARMS / tried) ** (1 / together), known - 1))


_NINETEEN = 1.6448536269514722
"""The standard normal quantile of .95."""


def _spread(calm: Series) -> float:
    """Robust, and no less than the upper side shows: latency has a long tail there."""

    from scipy import stats

    middle = float(np.median(calm))
    both = float(stats.median_abs_deviation(calm, scale="normal"))
    return max(both, (float(np.quantile(calm, 0.95)) - middle) / _NINETEEN)


def _cause(name: str, burden: Burden, raised: Series, judge: _Judge) -> Cause | None:
    z = judge.deviations(burden.own, burden.requests)
    windows = np.flatnonzero(judge.incident & np.isfinite(z))
    if len(windows) < 2 or not raised.any():
        return None
    earlier, later = windows[:-1], windows[1:]
    lesser = np.where((raised[earlier] > 0) & (raised[later] > 0), np.minimum(z[earlier], z[later]), -np.inf)
    if judge.metric is Metric.AVAILABILITY:
        lesser[burden.own[earlier] + burden.own[later] < LEAST_FAILED] = -np.inf
    given = (burden.own * burden.part)[windows]
    share = float(given @ raised[windows] / (raised @ raised))
    threshold = judge.threshold(burden.own)
    if share < LEAST_SHARE or lesser.max() <= threshold:
        return None
    return Cause(
        name,
        judge.metric,
        share,
        float(lesser.max()),
        float(np.maximum(given, 0.0).sum()),
        burden.usual,
        float(np.nanmean(burden.rate[windows])),
        int(earlier[np.flatnonzero(lesser > threshold)[0]]),
        _more_calls(burden, judge.normal, windows),
    )


def _more_calls(burden: Burden, normal: Mask, windows: npt.NDArray[np.intp]) -> tuple[MoreCalls, ...]:
    found: list[MoreCalls] = []
    for callee, calls in sorted(burden.calls.items()):
        before, now = calls[normal], calls[windows]
        if np.isfinite(now).any():
            usual = float(np.nanmedian(before)) if np.isfinite(before).any() else 0.0
            during = float(np.nanmedian(now))
            if during > 0 and during >= MORE_CALLS * usual:
                found.append(MoreCalls(callee, usual, during))
    return tuple(found)


def _why_not(target: Burden, judge: _Judge) -> Unexplained:
    z = judge.deviations(target.excess, target.requests)
    z = z[judge.incident & np.isfinite(z)]
    if (np.minimum(z[:-1], z[1:]) > judge.threshold(target.excess)).any():
        return Unexplained.NOBODY
    alone = bool((z > judge.threshold(target.excess, together=1)).any())
    return Unexplained.ONE_WINDOW if alone else Unexplained.NOT_RAISED


def _looked_at(found: Mapping[str, Burden], target: str, normal: Mask, incident: Mask) -> LookedAt:
    def known(values: Series, period: Mask) -> int:
        return int(np.isfinite(values[period]).sum())

    judged = sorted(
        n for n, b in found.items() if not np.isnan(b.usual) and known(b.own, normal) >= LEAST_NORMAL
    )
    return LookedAt(
        tuple(judged),
        tuple(sorted(name for name, burden in found.items() if np.isnan(burden.usual))),
        tuple(
            sorted(
                name
                for name, burden in found.items()
                if not np.isnan(burden.usual) and not known(burden.excess, incident)
            )
        ),
        known(found[target].excess, normal),
        known(found[target].excess, incident),
    )
