"""Estimates, forecast and budget: the arithmetic, and "not enough history" where there is not enough."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from agents.planning.budget import budget, hourly_cost
from agents.planning.draft import DraftStory, Estimate, NotEnoughHistory
from agents.planning.estimates import estimate, weighted_quantile
from agents.planning.forecast import RUNS, forecast, throughput
from agents.planning.history import DoneWork
from agents.planning.request import PlanningInput
from integrations.tracker import Priority, Story, StoryStatus
from tests.agents.acme_input import TODAY, planning_input


def done(
    number: int, title: str, hours: float, *, team: str = "alpha", weeks_ago: int = 1, kind: str = "backend"
) -> Story:
    at = datetime.combine(TODAY - timedelta(weeks=weeks_ago), datetime.min.time(), UTC) + timedelta(hours=9)
    return Story(
        f"ST-{number}", title, "", (), team, "web", StoryStatus.DONE, Priority.P2, None, kind, None, hours,
        (), (), (), None, None, None, at, at, at,
    )  # fmt: skip


def drafted(key: str, low: float, p50: float, high: float, team: str = "alpha") -> DraftStory:
    return DraftStory(
        key,
        key,
        "u",
        "w",
        "",
        (),
        (),
        team,
        "backend",
        Estimate(p50, low, high, "similar", ()),
        (),
        Priority.P2,
    )


def with_history(*stories: Story) -> PlanningInput:
    return replace(planning_input(), stories=stories)


@pytest.mark.parametrize(
    ("values", "weights", "q", "expected"),
    [
        ([1, 2, 3], [1, 1, 1], 0.5, 2),
        ([1, 2, 3], [1, 1, 1], 0.0, 1),
        ([1, 2, 3], [1, 1, 1], 1.0, 3),
        ([10, 20], [3, 1], 0.5, 12.5),
        ([5], [1], 0.9, 5),
    ],
)
def test_weighted_quantiles(values: list[float], weights: list[float], q: float, expected: float):
    assert weighted_quantile(values, weights, q) == pytest.approx(expected)


def test_an_estimate_comes_from_similar_stories_and_names_them():
    exports = [done(n, f"Export invoices as CSV for account {n}", 8 + n) for n in range(6)]
    others = [done(20 + n, f"Rotate certificates of cluster {n}", 90) for n in range(20)]
    found = estimate("Export orders as CSV", "backend", DoneWork((*exports, *others)))
    assert isinstance(found, Estimate)
    assert (found.basis, 8 <= found.low <= found.p50 <= found.high <= 13) == ("similar", True)
    assert {e.story for e in found.evidence} <= {s.id for s in exports}
    assert len(found.evidence) == 5


def test_without_similar_ones_it_is_the_disciplines_and_then_the_departments():
    work = DoneWork(
        (
            *(done(n, f"Alpha beta {n}", 10) for n in range(12)),
            *(done(20 + n, f"Gamma delta {n}", 50, kind="qa") for n in range(9)),
        )
    )
    assert (estimate("zebra", "backend", work).basis, estimate("zebra", "backend", work).p50) == (
        "discipline",
        10,
    )  # type: ignore[union-attr]
    assert estimate("zebra", "qa", work).basis == "department"  # type: ignore[union-attr]


def test_nineteen_done_stories_are_not_enough_and_twenty_are():
    stories = [done(n, "Export invoices", 8) for n in range(20)]
    assert estimate("Export", "backend", DoneWork(tuple(stories[:19]))) == NotEnoughHistory(19)
    assert isinstance(estimate("Export", "backend", DoneWork(tuple(stories))), Estimate)


def test_throughput_counts_full_weeks_of_the_teams_only():
    given = with_history(
        *(done(n, "x", 5, weeks_ago=1 + n % 5) for n in range(20)),
        *(done(50 + n, "x", 5, team="beta") for n in range(9)),
        done(90, "x", 5, weeks_ago=0),
        done(91, "x", 5, weeks_ago=27),
    )
    past = throughput(["alpha"], given)
    assert not isinstance(past, NotEnoughHistory)
    assert past[0].weekly == (0,) * 21 + (4, 4, 4, 4, 4)


def test_a_thin_half_year_is_made_a_year_and_then_not_enough():
    older = with_history(*(done(n, "x", 5, weeks_ago=1 + 2 * n) for n in range(20)))
    past = throughput(["alpha"], older)
    assert not isinstance(past, NotEnoughHistory)
    assert len(past[0].weekly) == 52
    assert throughput(["alpha"], with_history(*(done(n, "x", 5) for n in range(19)))) == NotEnoughHistory(19)


def test_a_team_that_finished_nothing_has_no_forecast():
    given = with_history(*(done(n, "x", 5, weeks_ago=1 + n % 9) for n in range(40)))
    assert isinstance(throughput(["alpha", "beta"], given), NotEnoughHistory)


def test_a_steady_team_is_forecast_exactly_and_the_same_each_time():
    given = with_history(*(done(n, "x", 5, weeks_ago=1 + n // 2) for n in range(52)))
    past = throughput(["alpha"], given)
    assert not isinstance(past, NotEnoughHistory)
    found = forecast([drafted(f"S{n}", 1, 2, 3) for n in range(10)], past, {"alpha": ()}, given)
    assert (found.weeks_p50, found.weeks_p85, found.histogram) == (5, 5, ((5, RUNS),))
    assert found.p50 == TODAY + timedelta(weeks=5, days=-3)
    assert found == forecast([drafted(f"S{n}", 1, 2, 3) for n in range(10)], past, {"alpha": ()}, given)


def test_the_later_percentile_is_never_earlier_and_more_stories_take_longer():
    given = with_history(*(done(n, "x", 5, weeks_ago=1 + (n * n) % 26) for n in range(60)))
    past = throughput(["alpha"], given)
    assert not isinstance(past, NotEnoughHistory)
    few, many = (
        forecast([drafted(f"S{n}", 1, 2, 3) for n in range(size)], past, {"alpha": ()}, given)
        for size in (5, 25)
    )
    assert few.p50 <= few.p85 < many.p85
    assert sum(runs for _, runs in many.histogram) == RUNS


def test_budget_is_the_sum_with_a_reserve_between_sum_and_the_worst_and_money_is_exact():
    given = planning_input()
    stories = [drafted(f"S{n}", 5, 10, 30) for n in range(8)]
    found = budget(stories, given)
    assert hourly_cost(stories[0], given) == Decimal("6.20")
    assert (found.hours, found.cost) == (80, Decimal("496.00"))
    assert 80 < found.p80_hours < 240
    assert found == budget(stories, given)
    assert found.limit_hours == 80
