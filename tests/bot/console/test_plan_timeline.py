"""The plan's picture: sprints follow one another, and a story that takes several lies across them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agents.planning.draft import PlanSprint, Scheduled
from bot.console.dashboard.plan_timeline import Box, Timeline, lay_out
from handlers.delivery.plans.formats import dates_text
from tests.bot.console.sample_rows import draft

FIRST = date(2026, 12, 7)
ONE = timedelta(weeks=1)
WEEKS = 2 * ONE


def _placed(story: str, sprint: int, sprints: int = 1, team: str = "insights") -> Scheduled:
    starts = FIRST + sprint * WEEKS
    return Scheduled(story, f"s{sprint}", team, starts, starts + sprints * WEEKS)


def _picture(*schedule: Scheduled) -> Timeline:
    return lay_out(replace(draft(), schedule=schedule), set(), {"insights": "Insights Team"})


def _box(picture: Timeline, story: str) -> Box:
    return next(box for box in picture.boxes if box.key == story)


def test_a_long_story_lies_across_its_sprints_and_makes_none_of_its_own() -> None:
    picture = _picture(_placed("S1", 0), _placed("S2", 5, sprints=2), _placed("S3", 5), _placed("S4", 6))
    assert [(column.name, column.days) for column in picture.columns] == [
        ("Sprint 1", "7 Dec – 18 Dec"),
        ("Sprint 2", "21 Dec – 1 Jan"),
        ("Sprint 3", "4 Jan – 15 Jan"),
        ("Sprint 4", "18 Jan – 29 Jan"),
        ("Sprint 5", "1 Feb – 12 Feb"),
        ("Sprint 6", "15 Feb – 26 Feb"),
        ("Sprint 7", "1 Mar – 12 Mar"),
    ]
    long, short, last = _box(picture, "S2"), _box(picture, "S3"), _box(picture, "S4")
    assert long.x == short.x
    assert long.x + long.width == last.x + last.width
    assert long.width - short.width == picture.columns[0].width
    assert "7 sprints" in picture.summary


def test_sprints_are_called_as_the_company_calls_them_each_once_and_the_picture_says_the_plans_date() -> None:
    """Two teams share a sprint, a third one's begins in the middle of it; nothing lies in the last but one."""
    sprints = tuple(
        PlanSprint(
            name, FIRST + week * ONE, FIRST + (week + 2) * ONE, FIRST + (week + 2) * ONE - timedelta(days=3)
        )
        for name, week in (("Sprint 51", 0), ("Iteration 9", 1), ("Sprint 52", 2), ("Sprint 53", 4))
    )
    schedule = (_placed("S1", 0), _placed("S2", 0, team="delta"), _placed("S4", 2))
    made = replace(draft(), schedule=schedule, sprints=sprints)
    picture = lay_out(made, set(), {"insights": "Insights Team"})
    assert [(column.name, column.days) for column in picture.columns] == [
        ("Sprint 51", "7 Dec – 13 Dec"),
        ("Iteration 9", "14 Dec – 20 Dec"),
        ("Sprint 52", "21 Dec – 1 Jan"),
        ("Sprint 53", "4 Jan – 15 Jan"),
    ]
    assert picture.summary.startswith(dates_text(made))


@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.integers(1, 3), st.sampled_from(["insights", "delta"])),
        min_size=1,
        max_size=8,
    )
)
def test_sprints_follow_one_another_and_no_story_covers_another(places: list[tuple[int, int, str]]) -> None:
    schedule = [_placed(f"S{at + 1}", *place) for at, place in enumerate(places)]
    picture = _picture(*schedule)
    for before, after in pairwise(picture.columns):
        assert before.x + before.width == after.x
    assert [column.name for column in picture.columns] == [
        f"Sprint {at + 1}" for at in range(len(picture.columns))
    ]
    for at, one in enumerate(picture.boxes):
        assert one.x + one.width <= picture.width
        for other in picture.boxes[at + 1 :]:
            beside = one.x + one.width <= other.x or other.x + other.width <= one.x
            above = one.y + one.height <= other.y or other.y + other.height <= one.y
            assert beside or above, (one, other)
