"""Estimates, forecast and budget: the arithmetic, and "not enough history" where there is not enough."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import exp

import numpy as np
import pytest

from agents.planning.accuracy import Error, accuracy
from agents.planning.budget import budget, hourly_cost
from agents.planning.capacity import free_hours
from agents.planning.draft import DraftStory, Estimate, Forecast, NotEnoughHistory, Precedence
from agents.planning.estimates import estimate, past_accuracy, weighted_quantile
from agents.planning.forecast import RUNS, forecast
from agents.planning.history import DoneWork
from agents.planning.request import PlanningInput
from agents.planning.schedule import Timetable, schedule
from agents.planning.times import week_of
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


def test_ranges_are_as_wide_as_past_estimates_were_off():
    """Every fifth story took e³ times its median, a spread being 1: the range reaches that far up, not down."""
    known = accuracy([Error(None, 3.0 if n % 10 < 2 else 0.0) for n in range(200)])
    low, high = known.ranged(10, 1.0)
    assert (low, high) == (pytest.approx(10), pytest.approx(10 * exp(3)))
    assert known.tested == 200
    bell = accuracy([Error(None, float(x)) for x in np.random.default_rng(1).standard_normal(2000)])
    assert bell.covered == pytest.approx(0.8, abs=0.03)


def test_errors_of_one_epic_that_go_together_do_so_in_a_run():
    chance = np.random.default_rng(2)
    apart = [Error(f"E{n // 5}", float(x)) for n, x in enumerate(chance.standard_normal(1000))]
    together = [
        Error(f"E{n}", float(shared + chance.standard_normal()))
        for n, shared in enumerate(chance.standard_normal(200))
        for _ in range(5)
    ]
    alike = accuracy(together)
    assert accuracy(apart).alike < 0.1
    assert alike.alike == pytest.approx(0.5, abs=0.1)
    hours = alike.drawn([10.0, 10.0], [0.3, 0.3], 4000, np.random.default_rng(3))
    assert np.corrcoef(np.log(hours))[0, 1] == pytest.approx(alike.alike, abs=0.08)


def _timetable(stories: list[DraftStory], links: list[Precedence], given: PlanningInput) -> Timetable:
    return schedule(stories, links, free_hours(given), given)


def test_a_certain_plan_is_forecast_for_the_day_that_it_is_scheduled_to():
    given = planning_input()
    sure = accuracy([Error(None, 0.0)] * 100)
    stories = [drafted(f"S{n}", 6, 6, 6) for n in range(4)]
    table = _timetable(stories, [], given)
    found = forecast(table, stories, sure, given.document.digest)
    assert isinstance(found, Forecast)
    assert (found.p50, found.p85, found.scheduled) == (table.ends, table.ends, 1.0)
    assert found.histogram == ((week_of(found.p50, found.since or TODAY), RUNS),)


def test_runs_keep_order_and_holidays_and_are_not_before_the_schedule():
    given = planning_input()
    known = past_accuracy(given.work())
    stories = [drafted(f"S{n}", 8, 14, 26) for n in range(8)]
    chain = [Precedence(f"S{n + 1}", f"S{n}", "") for n in range(7)]
    table = _timetable(stories, chain, given)
    found = forecast(table, stories, known, given.document.digest)
    assert isinstance(found, Forecast)
    assert found == forecast(table, stories, known, given.document.digest)
    assert table.ends is not None
    assert table.ends <= found.p50 <= found.p85
    assert given.days.works_on(found.p50)
    assert given.days.works_on(found.p85)
    assert sum(runs for _, runs in found.histogram) == RUNS
    early = forecast(_timetable(stories[:3], chain[:2], given), stories[:3], known, given.document.digest)
    assert isinstance(early, Forecast)
    assert early.p85 < found.p85


def test_weeks_count_from_the_week_in_which_work_begins():
    wednesday = TODAY + timedelta(days=2)
    days = (TODAY, wednesday, TODAY + timedelta(days=6), TODAY + timedelta(days=7))
    assert [week_of(day, wednesday) for day in days] == [1, 1, 1, 2]


def test_budget_is_the_sum_with_a_reserve_between_sum_and_the_worst_and_money_is_exact():
    given = planning_input()
    stories = [drafted(f"S{n}", 5, 10, 30) for n in range(8)]
    found = budget(stories, given)
    assert hourly_cost(stories[0], given) == Decimal("6.20")
    assert (found.hours, found.cost) == (80, Decimal("496.00"))
    assert 80 < found.p80_hours < 240
    assert found == budget(stories, given)
    assert found.limit_hours == 80
