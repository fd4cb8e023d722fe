"""Burn of an error budget: when it alarms, when it does not, and when nothing can be said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.operations.burn_rate import (
    RULES,
    Bucket,
    BurnReason,
    BurnRule,
    BurnState,
    BurnVerdict,
    Objective,
    Severity,
    error_budget,
    judge_burn,
)

NOW = datetime(2026, 11, 3, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
OBJECTIVE = Objective("checkout answers", target=0.999)


def minutes(first: int, last: int, bad: float, total: float) -> list[Bucket]:
    """A bucket for each minute from `first` to `last` minutes ago, each with so many requests."""
    ends = [NOW - ago * MINUTE for ago in range(first - 1, last - 1, -1)]
    return [Bucket(end - MINUTE, end, total - bad, total) for end in ends]


def three_days(bad: float, total: float) -> list[Bucket]:
    return minutes(3 * 24 * 60, 60, bad, total)


def reasons(verdict: BurnVerdict) -> list[BurnReason]:
    return [rule.reason for rule in verdict.rules]


def test_the_limits_are_the_workbooks() -> None:
    assert [rule.limit(OBJECTIVE) for rule in RULES] == pytest.approx([14.4, 6, 1])


def test_what_keeps_to_the_target_is_healthy() -> None:
    verdict = judge_burn(OBJECTIVE, three_days(0, 100) + minutes(60, 0, 0.05, 100), NOW)

    assert (verdict.state, verdict.severity) == (BurnState.HEALTHY, None)
    assert reasons(verdict) == [BurnReason.WITHIN] * 3
    assert verdict.rules[0].long.rate == pytest.approx(0.5)


def test_an_outage_pages_with_the_figures_it_stands_on() -> None:
    verdict = judge_burn(OBJECTIVE, three_days(0, 100) + minutes(60, 5, 0, 100) + minutes(5, 0, 50, 100), NOW)

    assert (verdict.state, verdict.severity) == (BurnState.BURNING, Severity.PAGE)
    fast = verdict.rules[0]
    assert fast.reason is BurnReason.BOTH_OVER
    assert (fast.short.bad, fast.short.total, fast.short.rate) == (250, 500, pytest.approx(500))
    assert (fast.long.bad, fast.long.total) == (250, 6000)
    assert fast.long.rate == pytest.approx(250 / 6000 / 0.001)


def test_a_slow_burn_is_a_ticket() -> None:
    verdict = judge_burn(OBJECTIVE, minutes(3 * 24 * 60, 0, 0.15, 100), NOW)

    assert (verdict.state, verdict.severity) == (BurnState.BURNING, Severity.TICKET)
    assert reasons(verdict) == [BurnReason.WITHIN, BurnReason.WITHIN, BurnReason.BOTH_OVER]


def test_what_is_over_does_not_page() -> None:
    buckets = three_days(0, 100) + minutes(60, 35, 10, 100) + minutes(35, 0, 0, 100)
    verdict = judge_burn(OBJECTIVE, buckets, NOW, RULES[:2])

    assert verdict.state is BurnState.HEALTHY
    assert reasons(verdict) == [BurnReason.RECOVERED] * 2


def test_one_error_among_few_requests_does_not_page() -> None:
    """pyrra#1925: one of 40 requests in the last hour is a burn rate of 25."""
    quiet = three_days(0, 1) + minutes(60, 40, 0, 1) + minutes(40, 20, 0, 0) + minutes(20, 0, 0, 1)
    quiet[-2] = Bucket(quiet[-2].begin, quiet[-2].end, 0, 1)
    fast = judge_burn(OBJECTIVE, quiet, NOW).rules[0]

    assert fast.long.rate == pytest.approx(25)
    assert (fast.state, fast.reason) == (BurnState.INCONCLUSIVE, BurnReason.TOO_FEW)
    assert judge_burn(OBJECTIVE, quiet, NOW).state is BurnState.INCONCLUSIVE


def test_an_outage_at_low_traffic_pages_once_it_is_evidence() -> None:
    def judged(bad: int) -> BurnVerdict:
        return judge_burn(
            OBJECTIVE, three_days(0, 1) + minutes(60, bad, 0, 1) + minutes(bad, 0, 1, 1), NOW, RULES[:1]
        )

    assert [judged(bad).state for bad in (4, 5)] == [BurnState.INCONCLUSIVE, BurnState.BURNING]


def test_no_data_is_never_healthy() -> None:
    verdict = judge_burn(OBJECTIVE, [], NOW)
    assert verdict.state is BurnState.INCONCLUSIVE
    assert reasons(verdict) == [BurnReason.NO_DATA] * 3

    late = judge_burn(OBJECTIVE, three_days(0, 100) + minutes(60, 10, 0, 100), NOW)
    assert late.state is BurnState.INCONCLUSIVE
    assert reasons(late) == [BurnReason.NO_DATA, BurnReason.WITHIN, BurnReason.WITHIN]


def test_no_traffic_is_never_healthy() -> None:
    verdict = judge_burn(OBJECTIVE, three_days(0, 0) + minutes(60, 0, 0, 0), NOW)

    assert verdict.state is BurnState.INCONCLUSIVE
    assert reasons(verdict) == [BurnReason.NO_TRAFFIC] * 3
    assert verdict.rules[0].long.rate is None


def test_an_outage_after_which_nobody_asks_is_not_over() -> None:
    buckets = three_days(0, 100) + minutes(60, 5, 30, 100) + minutes(5, 0, 0, 0)
    fast = judge_burn(OBJECTIVE, buckets, NOW).rules[0]

    assert (fast.state, fast.reason) == (BurnState.INCONCLUSIVE, BurnReason.NO_TRAFFIC)


def test_a_quiet_five_minutes_in_a_good_hour_is_healthy() -> None:
    buckets = three_days(0, 100) + minutes(60, 5, 0, 100) + minutes(5, 0, 0, 0)

    assert judge_burn(OBJECTIVE, buckets, NOW).state is BurnState.HEALTHY


def test_half_a_window_shows_that_something_burns_and_not_that_nothing_does() -> None:
    good = judge_burn(OBJECTIVE, minutes(20, 0, 0, 100), NOW, RULES[:1])
    assert reasons(good) == [BurnReason.INCOMPLETE]
    assert good.state is BurnState.INCONCLUSIVE
    assert good.rules[0].long.covered == pytest.approx(1 / 3)

    assert judge_burn(OBJECTIVE, minutes(20, 0, 5, 100), NOW, RULES[:1]).state is BurnState.BURNING


def test_what_ends_later_is_ignored() -> None:
    ahead = [Bucket(NOW + MINUTE, NOW + 2 * MINUTE, 0, 1000)]
    buckets = three_days(0, 100) + minutes(60, 0, 0, 100)

    assert judge_burn(OBJECTIVE, ahead + buckets, NOW) == judge_burn(OBJECTIVE, buckets, NOW)


@given(st.permutations(minutes(60, 50, 3, 10) + minutes(50, 40, 0, 10)))
def test_the_order_of_buckets_does_not_matter(buckets: list[Bucket]) -> None:
    assert judge_burn(OBJECTIVE, buckets, NOW) == judge_burn(OBJECTIVE, buckets[::-1], NOW)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=60),
    st.integers(0, 59),
)
def test_one_more_bad_request_never_calms(counts: list[tuple[int, int]], at: int) -> None:
    buckets = [
        Bucket(NOW - (place + 1) * MINUTE, NOW - place * MINUTE, good, good + bad)
        for place, (good, bad) in enumerate(counts)
    ]
    before = judge_burn(OBJECTIVE, buckets, NOW)
    one = buckets[at % len(buckets)]
    buckets[at % len(buckets)] = Bucket(one.begin, one.end, one.good, one.total + 1)
    after = judge_burn(OBJECTIVE, buckets, NOW)

    assert before.state is not BurnState.BURNING or after.state is BurnState.BURNING
    assert after.state is not BurnState.HEALTHY or before.state is not BurnState.BURNING


def test_a_bucket_counts_where_most_of_it_lies() -> None:
    edges = [Bucket(NOW - HOUR - ago * MINUTE, NOW - HOUR + (10 - ago) * MINUTE, 0, 7) for ago in (4, 6)]
    counted = [judge_burn(OBJECTIVE, [edge], NOW).rules[0].long.bad for edge in edges]

    assert counted == [7, 0]


def test_two_buckets_for_one_time_are_refused() -> None:
    twice = minutes(5, 0, 0, 10) + minutes(3, 2, 0, 10)
    with pytest.raises(ValueError, match="two buckets"):
        judge_burn(OBJECTIVE, twice, NOW)
    with pytest.raises(ValueError, match="two buckets"):
        error_budget(OBJECTIVE, twice, NOW)


def test_the_budget_that_is_left() -> None:
    def left(bad: float) -> float | None:
        return error_budget(OBJECTIVE, minutes(60, 0, bad, 1000), NOW).left

    assert [left(0), left(0.25), left(1)] == pytest.approx([1, 0.75, 0])
    assert left(3) == pytest.approx(-2)
    budget = error_budget(OBJECTIVE, minutes(60, 0, 0.25, 1000), NOW)
    assert (budget.allowed, budget.bad, budget.total) == pytest.approx((60, 15, 60_000))
    assert budget.covered == pytest.approx(1 / 30 / 24)


def test_a_budget_without_traffic_is_not_known() -> None:
    assert error_budget(OBJECTIVE, minutes(60, 0, 0, 0), NOW).left is None


def test_a_budget_is_of_its_period() -> None:
    week = Objective("x", target=0.9, period=timedelta(days=7))
    old = Bucket(NOW - timedelta(days=8), NOW - timedelta(days=8) + HOUR, 0, 500)

    assert error_budget(week, [old, *minutes(60, 0, 0, 10)], NOW).bad == 0


@pytest.mark.parametrize(("good", "total"), [(2, 1), (-1, 1), (nan, 1), (1, nan), (1, inf)])
def test_counts_that_cannot_be_are_refused(good: float, total: float) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        Bucket(NOW - MINUTE, NOW, good, total)


def test_times_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="with a zone"):
        Bucket(NOW, NOW, 0, 0)
    with pytest.raises(ValueError, match="with a zone"):
        Bucket(datetime(2026, 1, 1), datetime(2026, 1, 2), 0, 0)  # noqa: DTZ001


@pytest.mark.parametrize("target", [0, 1, 1.5, nan])
def test_a_target_without_a_budget_is_refused(target: float) -> None:
    with pytest.raises(ValueError, match="budget"):
        Objective("x", target=target)


def test_rules_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="a short and a longer window"):
        BurnRule(Severity.PAGE, HOUR, HOUR, 0.02)
    with pytest.raises(ValueError, match="least"):
        BurnRule(Severity.PAGE, HOUR, MINUTE, 0.02, least_bad=0)
    with pytest.raises(ValueError, match="rule"):
        judge_burn(OBJECTIVE, [], NOW, [])
