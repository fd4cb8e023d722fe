"""Schedules: capacity and order always hold, results repeat, and what has no place says why."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.planning.capacity import Free
from agents.planning.course import carry_out
from agents.planning.draft import (
    DraftStory,
    Estimate,
    NotEnoughHistory,
    Precedence,
    Scheduled,
    Unscheduled,
)
from agents.planning.schedule import Timetable, schedule
from agents.planning.working_days import WorkingDays
from governance.department import Discipline
from integrations.tracker import Priority, Sprint
from tests.agents.acme_input import planning_input

FIRST = date(2026, 11, 30)
GIVEN = planning_input()
TEAMS = ("a", "b")
WITH_TWO_TEAMS = replace(
    GIVEN,
    today=FIRST,
    days=WorkingDays(),
    teams=tuple(
        GIVEN.teams[0].model_copy(
            update={"id": team, "name": f"Team {team}", "capacity": {Discipline.BACKEND: 20}}
        )
        for team in TEAMS
    ),
)


def timetable(
    stories: Sequence[DraftStory],
    links: Sequence[Precedence],
    free: Mapping[str, Sequence[Free]],
    order: Sequence[str] = (),
) -> Timetable:
    return schedule(stories, links, free, WITH_TWO_TEAMS, order)


def placed_and_left(
    stories: Sequence[DraftStory],
    links: Sequence[Precedence],
    free: Mapping[str, Sequence[Free]],
    order: Sequence[str] = (),
) -> tuple[tuple[Scheduled, ...], tuple[Unscheduled, ...]]:
    found = timetable(stories, links, free, order)
    return found.scheduled, found.unscheduled


def sprints(team: str, *hours: float) -> tuple[Free, ...]:
    """Two-week sprints one after the other with these free backend hours."""
    return tuple(
        Free(
            Sprint(
                f"{team}-{n}",
                team,
                f"{team} {n}",
                FIRST + timedelta(weeks=2 * n),
                FIRST + timedelta(weeks=2 * n + 2),
                80,
            ),
            {"backend": free},
        )
        for n, free in enumerate(hours)
    )


def story(key: str, hours: float | None, team: str = "a", priority: Priority = Priority.P2) -> DraftStory:
    estimate = NotEnoughHistory(3) if hours is None else Estimate(hours, hours, hours, "similar", ())
    return DraftStory(key, key, "u", "w", "", (), (), team, "backend", estimate, (), priority)


def test_a_story_comes_in_a_later_sprint_than_one_that_it_does_not_fit_behind():
    placed, left = placed_and_left(
        [story("S1", 30), story("S2", 30)], [Precedence("S2", "S1", "")], {"a": sprints("a", 40, 40)}
    )
    assert ({p.story: p.sprint for p in placed}, left) == ({"S1": "a-0", "S2": "a-1"}, ())


def test_two_that_fit_one_after_the_other_share_a_sprint_and_three_that_do_not_fit_do_not():
    links = [Precedence("S2", "S1", ""), Precedence("S3", "S2", "")]
    free = {"a": sprints("a", 40, 40), "b": sprints("b", 40, 40)}
    small = [story("S1", 13), story("S2", 13, "b"), story("S3", 13)]
    assert {p.sprint[-1] for p in placed_and_left(small, links, free)[0]} == {"0"}
    large = [story("S1", 15), story("S2", 15, "b"), story("S3", 15)]
    assert [p.sprint for p in placed_and_left(large, links, free)[0]] == ["a-0", "b-0", "a-1"]


def test_a_story_larger_than_a_sprint_goes_over_two():
    placed, _ = placed_and_left([story("S1", 50), story("S2", 8)], [], {"a": sprints("a", 30, 40)})
    first = next(p for p in placed if p.story == "S1")
    assert (first.starts, first.ends) == (FIRST, FIRST + timedelta(weeks=4))
    assert [p.story for p in placed] == ["S1", "S2"]


@pytest.mark.parametrize(
    ("stories", "links", "why"),
    [
        ([story("S1", None)], [], "not enough history"),
        ([story("S1", 5, "")], [], "no team works in backend"),
        ([story("S1", 5, "z")], [], "no sprint planned"),
        ([story("S1", 500)], [], "it needs 500 hours"),
        ([story("S1", 40), story("S2", 40), story("S3", 40)], [], "are full"),
        (
            [story("S1", 5), story("S2", 500)],
            [Precedence("S1", "S2", "")],
            "it comes after S2, which has no place",
        ),
    ],
)
def test_what_has_no_place_says_why(stories: list[DraftStory], links: list[Precedence], why: str):
    _, left = placed_and_left(stories, links, {"a": sprints("a", 40, 40), "": (), "z": ()})
    assert why in left[0].why


def test_when_not_all_fit_the_important_ones_do():
    stories = [story("S1", 40, priority=Priority.P3), story("S2", 40, priority=Priority.P0), story("S3", 40)]
    placed, left = placed_and_left(stories, [], {"a": sprints("a", 40, 40)})
    assert {p.story: p.sprint for p in placed} == {"S2": "a-0", "S3": "a-1"}
    assert [u.story for u in left] == ["S1"]


def test_a_wanted_order_is_kept_unless_a_dependency_says_the_opposite():
    stories, free = [story("S1", 30), story("S2", 30)], {"a": sprints("a", 40, 40)}
    wanted, _ = placed_and_left(stories, [], free, ("S2", "S1"))
    assert {p.story: p.sprint for p in wanted} == {"S2": "a-0", "S1": "a-1"}
    against, _ = placed_and_left(stories, [Precedence("S2", "S1", "")], free, ("S2", "S1"))
    assert {p.story: p.sprint for p in against} == {"S1": "a-0", "S2": "a-1"}


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_capacity_and_order_hold_for_any_plan(data: st.DataObject):
    count = data.draw(st.integers(1, 9))
    stories = [
        story(
            f"S{n}",
            data.draw(st.integers(1, 60)) / 2,
            data.draw(st.sampled_from("ab")),
            data.draw(st.sampled_from(Priority)),
        )
        for n in range(count)
    ]
    links = [
        Precedence(f"S{late}", f"S{early}", "")
        for late in range(count)
        for early in range(late)
        if data.draw(st.integers(0, 3)) == 0
    ]
    free = {
        team: sprints(team, *data.draw(st.lists(st.integers(0, 40), min_size=1, max_size=4))) for team in "ab"
    }
    table = timetable(stories, links, free)
    assert table.scheduled == timetable(stories, links, free).scheduled
    places = {p.story: p for p in table.scheduled}
    assert places.keys() | {u.story for u in table.unscheduled} == {s.key for s in stories}
    assert not places.keys() & {u.story for u in table.unscheduled}
    loads: dict[str, float] = {}
    for s in stories:
        if s.key in places and (places[s.key].ends - places[s.key].starts).days == 14:
            loads[places[s.key].sprint] = loads.get(places[s.key].sprint, 0.0) + s.hours
    hours = {f.sprint.id: f.hours["backend"] for run in free.values() for f in run}
    assert all(load <= hours[sprint] + 0.01 for sprint, load in loads.items())
    for link in links:
        if link.story in places:
            early, late = places[link.after], places[link.story]
            assert early.done <= late.begins
    for place in table.scheduled:
        assert place.starts <= place.begins <= place.done < place.ends
    # Carried out with every story at its median, work goes on exactly as scheduled.
    medians = {s.key: np.array([s.hours]) for s in stories}
    ends = carry_out(table.tasks, medians, table.days.supplies)
    assert {key: table.days.last_day(float(end[0])) for key, end in ends.items()} == {
        key: place.done for key, place in places.items()
    }


def test_no_work_is_done_on_a_holiday_or_at_a_weekend():
    """Forty hours over the eight days that are left of ten: five a day, four days for a story of 20."""
    off = WorkingDays(off=frozenset({date(2026, 12, 2), date(2026, 12, 3)}))
    given_ = replace(WITH_TWO_TEAMS, days=off)
    table = schedule([story("S1", 20), story("S2", 20)], [], {"a": sprints("a", 40)}, given_)
    assert [(p.begins, p.done) for p in table.scheduled] == [
        (date(2026, 11, 30), date(2026, 12, 7)),
        (date(2026, 12, 8), date(2026, 12, 11)),
    ]
    assert table.sprints[0].last == date(2026, 12, 11)


def test_sprints_are_named_as_the_company_names_them_in_order_and_each_once():
    free = {
        team: tuple(
            replace(f, sprint=replace(f.sprint, name=f"Team {team}, sprint {f.sprint.id[-1]}"))
            for f in sprints(team, 40, 40, 40)
        )
        for team in TEAMS
    }
    chain = [story("S1", 30), story("S2", 30, "b"), story("S3", 30)]
    links = [Precedence("S2", "S1", ""), Precedence("S3", "S2", "")]
    found = timetable(chain, links, free).sprints
    assert [(s.name, s.starts) for s in found] == [
        (f"Sprint {n}", FIRST + timedelta(weeks=2 * n)) for n in range(3)
    ]


def test_the_gap_says_how_much_shorter_it_could_be_at_most():
    """Three stories of 25 hours in sprints of 40 cannot share one: the schedule is the shortest there is."""
    table = timetable([story(f"S{n}", 25) for n in (1, 2, 3)], [], {"a": sprints("a", 40, 40, 40)})
    assert (table.gap_days, {p.sprint for p in table.scheduled}) == (0, {"a-0", "a-1", "a-2"})


def test_what_waits_for_something_outside_begins_when_that_is_there():
    later = FIRST + timedelta(days=9)
    free = {"a": sprints("a", 40, 40)}
    table = schedule([story("S1", 8)], [], free, WITH_TWO_TEAMS, not_before={"S1": later})
    assert table.scheduled[0].begins == later


def test_a_plan_of_two_hundred_stories_keeps_order_and_hours_of_eight_teams():
    chance = random.Random(5)
    teams = tuple("cdefghij")
    team = WITH_TWO_TEAMS.teams[0]
    given_ = replace(WITH_TWO_TEAMS, teams=tuple(team.model_copy(update={"id": t, "name": t}) for t in teams))
    stories = [story(f"S{n}", chance.randint(2, 24), chance.choice(teams)) for n in range(200)]
    pairs = {(late, chance.randrange(late)) for late in (chance.randrange(1, 200) for _ in range(400))}
    links = [Precedence(f"S{late}", f"S{early}", "") for late, early in sorted(pairs)]
    table = schedule(stories, links, {t: sprints(t, *[40] * 16) for t in teams}, given_)
    places = {p.story: p for p in table.scheduled}
    assert len(places) == 200
    assert all(places[link.after].done <= places[link.story].begins for link in links)
