"""What is counted in a sprint, what is foretold of the next ones, and how such forecasts are judged."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from agents.delivery.backtest import Backtest, backtests
from agents.delivery.sprints import Series, Today, Unit, series_of, together
from agents.delivery.trend import trend_of
from agents.delivery.velocity import Fan, fans_of, forecasts, past_rows
from integrations.tracker import Story, StoryStatus
from tests.agents.delivery.pieces import MONDAY, history, sprint, story

BERLIN = ZoneInfo("Europe/Berlin")
ENDED = 30
NOW = Today(MONDAY + timedelta(weeks=2 * ENDED, days=4), ZoneInfo("UTC"))


def teams(counts: dict[str, list[int]], stories: list[Story] | None = None) -> tuple[Series, ...]:
    sprints = [sprint(team, number) for team in counts for number in range(ENDED + 6)]
    every = [one for team, own in counts.items() for one in history(team, own)]
    return series_of(sprints, [*every, *(stories or [])], list(counts), Unit.STORIES, NOW)


def steady(level: int, seed: int) -> list[int]:
    return [int(count) for count in np.random.default_rng(seed).poisson(level, ENDED)]


def test_a_story_counts_where_it_was_finished_by_the_departments_own_day() -> None:
    first = sprint("alpha", 0)
    late = datetime(2026, 1, 18, 23, 30, tzinfo=UTC)  # in Berlin it is the first day of the next sprint
    one = story("a", status=StoryStatus.DONE, finished=late, sprint=first.id, estimate_hours=5.0)
    today = Today(date(2026, 2, 10), BERLIN)
    sprints = [sprint("alpha", number) for number in range(4)]
    [found] = series_of(sprints, [one], ["alpha"], Unit.HOURS, today)
    assert [past.done for past in found.ended] == [0.0, 5.0]
    assert found.running is not None
    assert [one.id for one in found.coming] == ["alpha-s03"]


def test_what_stood_in_a_past_sprint_when_as_much_of_it_had_passed() -> None:
    [found] = teams({"alpha": [4] * ENDED})
    assert found.share == 4 / 14
    past = found.ended[-1]
    assert (past.done, past.early, past.begun) == (4.0, 3.0, 1.0)


def test_fans_hold_four_fifths_of_what_comes_and_scale_with_the_team() -> None:
    every = teams({"alpha": steady(4, 1), "beta": steady(12, 2), "gamma": steady(6, 3)})
    told = forecasts(every, 3)
    assert [len(told[team].sprints) for team in ("alpha", "beta", "gamma")] == [3, 3, 3]
    small, large = (told[team].sprints[0].fan for team in ("alpha", "beta"))
    assert small.low < small.middle < small.high
    assert 2 <= small.middle <= 6
    assert 9 <= large.middle <= 15
    total = told["beta"].total
    assert total is not None
    assert total.high - total.low < sum(one.fan.high - one.fan.low for one in told["beta"].sprints)
    assert forecasts(every, 3) == told


def test_what_is_done_already_is_the_least_that_will_be() -> None:
    start = datetime.combine(sprint("alpha", ENDED).starts, datetime.min.time(), UTC)
    ahead = [
        story(f"x{at}", status=StoryStatus.DONE, started=start, finished=start + timedelta(days=4, hours=at))
        for at in range(9)
    ]
    every = teams({"alpha": steady(4, 1), "beta": steady(4, 2)}, ahead)
    running = forecasts(every, 3)["alpha"].running
    assert running is not None
    assert running.fan.low >= 9


def test_too_few_sprints_foretell_nothing() -> None:
    sprints = [sprint("alpha", number) for number in range(8)]
    today = Today(sprint("alpha", 4).starts, ZoneInfo("UTC"))
    every = series_of(sprints, history("alpha", [3, 3, 3, 3]), ["alpha"], Unit.STORIES, today)
    told = forecasts(every, 3)["alpha"]
    assert (told.running, told.sprints, told.total) == (None, (), None)
    assert backtests(every) == {}


def test_a_backtest_never_sees_what_it_is_asked_about() -> None:
    calm = teams({"alpha": steady(4, 1), "beta": steady(4, 2)})
    shocked = teams({"alpha": [*steady(4, 1)[:-1], 60], "beta": steady(4, 2)})
    before, after = backtests(calm), backtests(shocked)
    assert before["alpha"].tested == after["alpha"].tested == 12
    assert after["alpha"].error > before["alpha"].error
    assert after["beta"] == before["beta"], "beta's forecasts are as old as alpha's last sprint"


def test_rows_know_nothing_of_their_outcome() -> None:
    [one] = teams({"alpha": steady(4, 1)})
    [other] = teams({"alpha": [*steady(4, 1)[:-1], 60]})
    mine, theirs = list(past_rows(one, 2))[-1], list(past_rows(other, 2))[-1]
    assert mine.features == theirs.features
    assert mine.done != theirs.done
    assert mine.known < mine.until


def test_the_verdict_on_few_or_odd_forecasts() -> None:
    assert not Backtest(5, 5, 1.0, 1.0).is_enough
    assert Backtest(12, 9, 1.0, 1.0).expected == (7, 12)
    assert Fan(1, 2, 3).has(3)
    assert not Fan(1, 2, 3).has(4)
    assert fans_of([], []) is None


def test_teams_are_added_up_only_where_their_sprints_lie_on_the_same_days() -> None:
    every = teams({"alpha": [3] * ENDED, "beta": [5] * ENDED})
    whole = together(every)
    assert whole is not None
    assert {past.done for past in whole.ended} == {8.0}
    assert len(whole.ended) == ENDED
    shifted = [sprint("beta", number) for number in range(ENDED)]
    moved = [
        type(one)(one.id, one.team, one.name, one.starts + timedelta(7), one.ends + timedelta(7), 1.0)
        for one in shifted
    ]
    mixed = series_of(
        [*(sprint("alpha", n) for n in range(ENDED)), *moved],
        [*history("alpha", [3] * ENDED), *history("beta", [5] * ENDED)],
        ["alpha", "beta"],
        Unit.STORIES,
        NOW,
    )
    assert together(mixed) is None


def test_a_team_without_sprints_is_counted_by_weeks() -> None:
    [one] = series_of([], history("alpha", [2] * 6), ["alpha"], Unit.STORIES, NOW)
    assert (one.ended[0].sprint.ends - one.ended[0].sprint.starts).days == 7
    assert sum(past.done for past in one.ended) == 12


def test_a_trend_is_told_only_where_it_is_hardly_chance() -> None:
    assert trend_of([1, 2, 3, 4, 5, 6, 7, 8]).way == "up"
    assert trend_of([8, 7, 6, 5, 4, 3, 2, 1]).way == "down"
    assert trend_of([3, 5, 2, 4, 5, 3, 2, 4]).way == "none"
    assert trend_of([3, 3, 3, 3, 3, 3]).way == "none"
    assert trend_of([1, 2, 3]).way == "unknown"
