"""The evidence that a canary is worse than the stable version: e-values that may be looked at any time.

By Ville's inequality an e-value reaches 1/a with probability a at most where the canary is no worse, however
often it is looked at (Ramdas et al., "Game-theoretic statistics and safe anytime-valid inference", 2023). Two
things are weighed, each at half of `ALPHA`:

- latency: a canary request is slow above 1.2 times the stable version's p95 of the same ticks; a healthy canary
  has 10 % of them at most;
- errors: a healthy canary fails as often as the stable version in the same ticks and half a point more at most.

The share in question has a Beta prior cut off below what is healthy (a truncated beta-binomial mixture). What
the stable version shows is itself a sample: counts enter with the effective number that has the variance of the
difference of two shares.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

ALPHA = 0.01
"""How often a release that is no worse may be called worse, over all looks together."""
LEAST_CANARY = 20
"""Canary requests before which the evidence is not heard."""
LEAST_STABLE = 60
"""Stable requests that ticks are pooled up to, so that their p95 is one."""
LEAST_TIMED = 30
"""Stable requests that were answered, for the same; of fewer the errors alone are weighed."""
SLOWER = 1.2
HEALTHY_SLOW = 0.10
ERROR_MARGIN = 0.005

_SLOW_BY_CHOICE = 0.05
_SLOW_PRIOR, _ERRORS_PRIOR = (1.0, 3.0), (1.0, 10.0)
"""Of Beta, before they are cut off below what is healthy. They say which faults are found soon, no more."""
_NO_ROOM_ABOVE = 0.95
_LARGEST_LOG = 500.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Ticks that wait until the stable version had enough requests in them to compare with."""

    canary: tuple[float, ...] = ()
    stable: tuple[float, ...] = ()
    canary_failed: int = 0
    stable_failed: int = 0

    @property
    def canary_count(self) -> int:
        """The canary's requests."""
        return len(self.canary) + self.canary_failed

    @property
    def stable_count(self) -> int:
        """The stable version's requests."""
        return len(self.stable) + self.stable_failed


@dataclass(frozen=True, slots=True)
class Counts:
    """What was weighed since some step began. `timed` and `requests` are the canary's; `expected` is how many
    would have failed at the stable version's rates; the noises are the sums over batches of n² by the stable
    version's number."""

    timed: int = 0
    slow: int = 0
    timed_noise: float = 0.0
    requests: int = 0
    failed: int = 0
    expected: float = 0.0
    noise: float = 0.0
    stable: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """One of the two things that are weighed, over the whole release: `share` of the canary's `requests`, what
    a healthy canary has at most (`healthy`), and the e-value, which calls it worse from `alarm_at` on."""

    requests: int
    share: float
    healthy: float
    e_value: float
    alarm_at: float = 2 / ALPHA

    @property
    def is_alarming(self) -> bool:
        """Whether it calls the canary worse."""
        return self.e_value >= self.alarm_at


def weighed(counts: Counts, batch: Batch) -> Counts:
    """The counts with one more batch, which has requests of both versions."""
    requests, stable = batch.canary_count, batch.stable_count
    counts = replace(
        counts,
        requests=counts.requests + requests,
        failed=counts.failed + batch.canary_failed,
        expected=counts.expected + requests * batch.stable_failed / stable,
        noise=counts.noise + requests * requests / stable,
        stable=counts.stable + stable,
    )
    timed, compared = len(batch.canary), len(batch.stable)
    if compared < LEAST_TIMED:
        return counts
    # The order statistic that one more request of the same kind exceeds in 5 of 100 cases at most.
    p95 = sorted(batch.stable)[min(math.ceil(0.95 * (compared + 1)), compared) - 1]
    return replace(
        counts,
        timed=counts.timed + timed,
        slow=counts.slow + sum(seconds > SLOWER * p95 for seconds in batch.canary),
        timed_noise=counts.timed_noise + timed * timed / compared,
    )


def latency(since: Sequence[Counts], steps: int) -> Evidence:
    """How the canary's times stand beside the stable version's, by the counts since each of the release's
    `steps` that has begun."""
    whole = since[0]
    logs = (
        _log_e_value(one.slow, one.timed, one.timed_noise, HEALTHY_SLOW, _SLOW_BY_CHOICE, _SLOW_PRIOR)
        for one in since
    )
    share = whole.slow / whole.timed if whole.timed else 0.0
    return Evidence(whole.timed, share, HEALTHY_SLOW, _mean(logs, len(since), steps))


def errors(since: Sequence[Counts], steps: int) -> Evidence:
    """The same of its errors."""
    whole = since[0]
    logs = (
        _log_e_value(
            one.failed, one.requests, one.noise, _healthy_errors(one), _stable_errors(one), _ERRORS_PRIOR
        )
        for one in since
    )
    share = whole.failed / whole.requests if whole.requests else 0.0
    return Evidence(whole.requests, share, _healthy_errors(whole), _mean(logs, len(since), steps))


def _stable_errors(counts: Counts) -> float:
    """The stable version's rate where the canary's requests were, as if one more of its requests had failed: a
    rate of 0 is not proved by 60 requests."""
    return counts.expected / counts.requests + 1 / counts.stable if counts.requests else 0.0


def _healthy_errors(counts: Counts) -> float:
    return _stable_errors(counts) + ERROR_MARGIN


def _mean(logs: Iterable[float], begun: int, steps: int) -> float:
    """Of the e-values that count from each step on; 1 for the steps that have not begun. So a fault that sets
    in under more traffic is not hidden by what went well before, and the mean of e-values is one again."""
    return (steps - begun + sum(math.exp(min(one, _LARGEST_LOG)) for one in logs)) / steps


def _log_e_value(
    events: int, requests: int, noise: float, healthy: float, stable: float, prior: tuple[float, float]
) -> float:
    """The log of the truncated beta-binomial mixture against `healthy`: the likelihood under the prior above
    it, by that at it. What the stable version shows has the share `stable` and is a sample too, whose part of
    the difference's variance is `noise` by one request's: counts are scaled down to the effective number."""

    from scipy.special import betaincc, betaln

    if not requests:
        return 0.0
    if healthy >= _NO_ROOM_ABOVE:
        return -math.inf
    own, others = requests * healthy * (1 - healthy), noise * stable * (1 - stable)
    effective = requests * own / (own + others)
    hits = effective * events / requests
    misses = effective - hits
    a, b = prior
    above = float(betaincc(a + hits, b + misses, healthy))
    if above <= 0:
        return -math.inf
    mixture = float(betaln(a + hits, b + misses)) + math.log(above)
    prior_above = float(betaln(a, b)) + math.log(float(betaincc(a, b, healthy)))
    return mixture - prior_above - hits * math.log(healthy) - misses * math.log1p(-healthy)
