"""Schedules: capacity and order always hold, results repeat, and what has no place says why."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.planning.capacity import Free
from agents.planning.draft import DraftStory, Estimate, NotEnoughHistory, Precedence
from agents.planning.schedule import schedule, windows
from integrations.tracker import Priority, Sprint

FIRST = date(2026, 11, 30)


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
    placed, left = schedule(
        [story("S1", 30), story("S2", 30)], [Precedence("S2", "S1", "")], {"a": sprints("a", 40, 40)}
    )
    assert ({p.story: p.sprint for p in placed}, left) == ({"S1": "a-0", "S2": "a-1"}, ())


def test_two_that_fit_one_after_the_other_share_a_sprint_and_three_that_do_not_fit_do_not():
    links = [Precedence("S2", "S1", ""), Precedence("S3", "S2", "")]
    free = {"a": sprints("a", 40, 40), "b": sprints("b", 40, 40)}
    small = [story("S1", 13), story("S2", 13, "b"), story("S3", 13)]
    assert {p.sprint[-1] for p in schedule(small, links, free)[0]} == {"0"}
    large = [story("S1", 15), story("S2", 15, "b"), story("S3", 15)]
    assert [p.sprint for p in schedule(large, links, free)[0]] == ["a-0", "b-0", "a-1"]


def test_a_story_larger_than_a_sprint_goes_over_two():
    placed, _ = schedule([story("S1", 50), story("S2", 8)], [], {"a": sprints("a", 30, 40)})
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
    _, left = schedule(stories, links, {"a": sprints("a", 40, 40), "": (), "z": ()})
    assert why in left[0].why


def test_when_not_all_fit_the_important_ones_do():
    stories = [story("S1", 40, priority=Priority.P3), story("S2", 40, priority=Priority.P0), story("S3", 40)]
    placed, left = schedule(stories, [], {"a": sprints("a", 40, 40)})
    assert {p.story: p.sprint for p in placed} == {"S2": "a-0", "S3": "a-1"}
    assert [u.story for u in left] == ["S1"]


def test_a_wanted_order_is_kept_unless_a_dependency_says_the_opposite():
    stories, free = [story("S1", 30), story("S2", 30)], {"a": sprints("a", 40, 40)}
    wanted, _ = schedule(stories, [], free, ("S2", "S1"))
    assert {p.story: p.sprint for p in wanted} == {"S2": "a-0", "S1": "a-1"}
    against, _ = schedule(stories, [Precedence("S2", "S1", "")], free, ("S2", "S1"))
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
    placed, left = schedule(stories, links, free)
    assert (placed, left) == schedule(stories, links, free)
    places = {p.story: p for p in placed}
    assert places.keys() | {u.story for u in left} == {s.key for s in stories}
    assert not places.keys() & {u.story for u in left}
    loads: dict[str, float] = {}
    for s in stories:
        if s.key in places:
            window = next(w for w in windows(s, free[s.team]) if w.starts == places[s.key].starts)
            for sprint, tenths in window.loads:
                loads[sprint] = loads.get(sprint, 0.0) + tenths / 10
    hours = {f.sprint.id: f.hours["backend"] for run in free.values() for f in run}
    assert all(load <= hours[sprint] + 0.11 for sprint, load in loads.items())
    for link in links:
        if link.story in places:
            early, late = places[link.after], places[link.story]
            assert early.ends <= late.starts or early.starts == late.starts
