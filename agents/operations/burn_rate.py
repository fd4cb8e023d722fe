"""How fast a service burns its error budget: multi-window, multi-burn-rate alerts.

After chapter 5 of Google's Site Reliability Workbook, "Alerting on SLOs" (Thurgood et al., 2018; method 6 and
its recommended parameters). A burn rate of 1 spends exactly the budget of the objective's period. A rule
burns if the rate is over its limit in a long window (it matters) and in a short one (it goes on).

Two things are added. One error among few requests is a high rate and no evidence: a rule burns only from a
least number of bad events on. What was not measured is not healthy: a rule without data, without traffic or
with half of its window missing is inconclusive.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from math import isfinite

LEAST_COVERED = 0.5
"""A window of which less was measured cannot show that nothing burns."""


class Severity(StrEnum):
    """Whether somebody is to look now, or on a working day."""

    PAGE = "page"
    TICKET = "ticket"


class BurnState(StrEnum):
    """`INCONCLUSIVE` is neither: it never counts as healthy, and never alarms."""

    BURNING = "burning"
    HEALTHY = "healthy"
    INCONCLUSIVE = "inconclusive"


class BurnReason(StrEnum):
    """Why a rule came to its state."""

    BOTH_OVER = "both windows over the limit"
    WITHIN = "the long window is within the limit"
    RECOVERED = "the short window is within the limit again"
    TOO_FEW = "over the limit, by too few bad events"
    NO_TRAFFIC = "measured, and nobody asked"
    NO_DATA = "not measured"
    INCOMPLETE = "less than half of the window was measured"


@dataclass(frozen=True, slots=True)
class Bucket:
    """Requests that ended within `begin` to `end` (aware times), and how many of them were good.

    Raises ValueError for counts that cannot be, and for a bucket without length.
    """

    begin: datetime
    end: datetime
    good: float
    total: float

    def __post_init__(self) -> None:
        if self.begin.tzinfo is None or self.end.tzinfo is None or self.begin >= self.end:
            raise ValueError("a bucket begins before it ends, in times with a zone")
        if not (isfinite(self.total) and 0 <= self.good <= self.total):
            raise ValueError(f"{self.good} good of {self.total} requests cannot be")


@dataclass(frozen=True, slots=True)
class Objective:
    """`target` of the requests are to be good within any `period`.

    Good means answered without error; with `limit`, answered without error and no slower than that.
    Raises ValueError for a target that leaves no budget, or promises nothing.
    """

    name: str
    target: float
    period: timedelta = timedelta(days=30)
    limit: timedelta | None = None

    def __post_init__(self) -> None:
        if not 0 < self.target < 1:
            raise ValueError("a target lies between 0 and 1: without a budget there is no burn rate")
        if self.period <= timedelta(0) or (self.limit is not None and self.limit <= timedelta(0)):
            raise ValueError("period and limit are to be positive")


@dataclass(frozen=True, slots=True)
class BurnRule:
    """Spending `budget_share` of the period's budget within `long`, and still doing so within `short`."""

    severity: Severity
    long: timedelta
    short: timedelta
    budget_share: float
    least_bad: int = 5

    def __post_init__(self) -> None:
        if not timedelta(0) < self.short < self.long or not 0 < self.budget_share <= 1 or self.least_bad < 1:
            raise ValueError("a rule has a short and a longer window, a share of the budget, a least number")

    def limit(self, objective: Objective) -> float:
        """The burn rate that alarms: 14.4 for 2 % of 30 days in an hour."""
        return self.budget_share * (objective.period / self.long)


RULES = (
    BurnRule(Severity.PAGE, timedelta(hours=1), timedelta(minutes=5), 0.02),
    BurnRule(Severity.PAGE, timedelta(hours=6), timedelta(minutes=30), 0.05),
    BurnRule(Severity.TICKET, timedelta(days=3), timedelta(hours=6), 0.10),
)
"""The workbook's recommended parameters, the most urgent first."""


@dataclass(frozen=True, slots=True)
class WindowCount:
    """What was counted in a window. `rate` is the burn rate, None without traffic; `covered` is a share."""

    length: timedelta
    bad: float
    total: float
    covered: float
    rate: float | None


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """One rule's state, with the figures that it stands on."""

    rule: BurnRule
    state: BurnState
    reason: BurnReason
    limit: float
    long: WindowCount
    short: WindowCount


@dataclass(frozen=True, slots=True)
class BurnVerdict:
    """All rules of an objective at one time. `severity` is the most urgent of those that burn."""

    objective: Objective
    at: datetime
    state: BurnState
    severity: Severity | None
    rules: tuple[RuleVerdict, ...]


@dataclass(frozen=True, slots=True)
class ErrorBudget:
    """What is left of the period's budget: 1 is all, 0 none, below 0 is overspent, None without traffic.

    `allowed` is how many bad events the traffic of the measured part of the period allows.
    """

    allowed: float
    bad: float
    total: float
    covered: float
    left: float | None


def judge_burn(
    objective: Objective, buckets: Iterable[Bucket], now: datetime, rules: Sequence[BurnRule] = RULES
) -> BurnVerdict:
    """Whether the objective's budget burns at `now`; what ends later is ignored.

    Buckets are to be no longer than half of the shortest window, or it will be found unmeasured.

    Raises ValueError if there is no rule, or two buckets overlap.
    """
    if not rules:
        raise ValueError("without a rule nothing is judged")
    ordered = _in_order(buckets)
    verdicts = tuple(_judge_rule(rule, objective, ordered, now) for rule in rules)
    burning = [verdict.rule.severity for verdict in verdicts if verdict.state is BurnState.BURNING]
    if burning:
        state = BurnState.BURNING
    elif all(verdict.state is BurnState.HEALTHY for verdict in verdicts):
        state = BurnState.HEALTHY
    else:
        state = BurnState.INCONCLUSIVE
    severity = (Severity.PAGE if Severity.PAGE in burning else Severity.TICKET) if burning else None
    return BurnVerdict(objective, now, state, severity, verdicts)


def error_budget(objective: Objective, buckets: Iterable[Bucket], now: datetime) -> ErrorBudget:
    """What is left of the budget of the period that ends now. Raises ValueError if two buckets overlap."""
    count = _count(objective, _in_order(buckets), now, objective.period)
    left = None if count.rate is None else 1 - count.rate
    return ErrorBudget((1 - objective.target) * count.total, count.bad, count.total, count.covered, left)


def _judge_rule(rule: BurnRule, objective: Objective, buckets: list[Bucket], now: datetime) -> RuleVerdict:
    long = _count(objective, buckets, now, rule.long)
    short = _count(objective, buckets, now, rule.short)
    limit = rule.limit(objective)
    state, reason = _state(rule, limit, long, short)
    return RuleVerdict(rule, state, reason, limit, long, short)


def _state(rule: BurnRule, limit: float, long: WindowCount, short: WindowCount) -> tuple[BurnState, BurnReason]:
    if not long.covered or not short.covered:
        return BurnState.INCONCLUSIVE, BurnReason.NO_DATA
    if long.rate is None:
        return BurnState.INCONCLUSIVE, BurnReason.NO_TRAFFIC
    if long.rate >= limit:
        if short.rate is None:
            # Nobody asks any more: that may be the outage's end, or its worst part.
            return BurnState.INCONCLUSIVE, BurnReason.NO_TRAFFIC
        if short.rate >= limit:
            if long.bad < rule.least_bad:
                return BurnState.INCONCLUSIVE, BurnReason.TOO_FEW
            return BurnState.BURNING, BurnReason.BOTH_OVER
    if min(long.covered, short.covered) < LEAST_COVERED:
        return BurnState.INCONCLUSIVE, BurnReason.INCOMPLETE
    return BurnState.HEALTHY, BurnReason.RECOVERED if long.rate >= limit else BurnReason.WITHIN


def _count(objective: Objective, buckets: list[Bucket], now: datetime, length: timedelta) -> WindowCount:
    """Sum the buckets that lie in the window by more than half."""
    inside = [b for b in buckets if b.end <= now and b.begin + (b.end - b.begin) / 2 > now - length]
    total = sum(bucket.total for bucket in inside)
    bad = sum(bucket.total - bucket.good for bucket in inside)
    covered = min(1.0, sum((bucket.end - bucket.begin for bucket in inside), timedelta(0)) / length)
    return WindowCount(length, bad, total, covered, bad / total / (1 - objective.target) if total else None)


def _in_order(buckets: Iterable[Bucket]) -> list[Bucket]:
    ordered = sorted(buckets, key=lambda bucket: bucket.begin)
    for before, after in pairwise(ordered):
        if after.begin < before.end:
            raise ValueError(f"two buckets count the time from {after.begin.isoformat()} on")
    return ordered
