"""What makes a story late in the runs, what that costs, and what is established as its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from agents.delivery.evidence import causes, known_by_one
from agents.delivery.feature_work import FeatureWork, runs_of
from agents.delivery.lateness import Late, Outcome, Work
from governance.department import Absence, Department
from governance.department_file import read_department
from integrations.tracker import Sprint, Story, StoryStatus
from tests.agents.delivery.pieces import story

ACME = read_department(Path(__file__).parents[3] / "examples" / "acme" / "department.yaml")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
TODAY = NOW.date()


def sprints(count: int = 6) -> dict[str, Sprint]:
    made = [
        Sprint(f"s{n}", "alpha", f"Alpha {n}", TODAY + timedelta(14 * n), TODAY + timedelta(14 * (n + 1)), 92.0)
        for n in range(count)
    ]
    return {one.id: one for one in made}


def feature(*stories: Story, outside: tuple[Story, ...] = (), **known: object) -> FeatureWork:
    past = tuple(
        story(
            f"d{n}", status=StoryStatus.DONE, estimate_hours=10.0, actual_hours=hours, assignee="mei.tanemori"
        )
        for n, hours in enumerate((7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 14.0) * 6)
    )
    plain = FeatureWork(
        "EPIC-1", stories, outside, len(stories), (*stories, *outside), past, sprints(), {}, False
    )
    return replace(plain, **known)  # type: ignore[arg-type]


def outcome(found: FeatureWork, due: date, department: Department = ACME) -> tuple[Outcome, dict[str, Work]]:
    runs, works = runs_of(found, department, NOW)
    return runs.outcome(due), {work.story.id: work for work in works}


def likelihood(found: FeatureWork, due: date, department: Department = ACME) -> float:
    return outcome(found, due, department)[0].likelihood


FRIDAY = TODAY + timedelta(11)


def test_a_small_story_is_in_time_and_too_large_ones_are_not() -> None:
    assert likelihood(feature(story("a", sprint="s0", estimate_hours=8.0)), FRIDAY) < 0.02
    many = [story(f"a{n}", sprint="s0", estimate_hours=26.0) for n in range(4)]
    assert likelihood(feature(*many), FRIDAY) > 0.98
    assert likelihood(feature(*many), TODAY + timedelta(90)) < 0.02


def test_the_same_input_gives_the_same_figures() -> None:
    found = feature(story("a", sprint="s0", estimate_hours=44.0), story("b", sprint="s0", estimate_hours=9.0))
    assert outcome(found, FRIDAY)[0] == outcome(found, FRIDAY)[0]


def test_a_blocked_story_waits_as_long_again_and_is_told_with_why() -> None:
    free = story("a", sprint="s0", estimate_hours=8.0)
    held = replace(free, status=StoryStatus.BLOCKED, blocked_reason="No test data")
    found = feature(held, blocked={"a": TODAY - timedelta(14)})
    assert likelihood(feature(free), FRIDAY) < 0.02
    told, works = outcome(found, FRIDAY)
    assert told.likelihood > 0.98
    [late] = told.late
    assert late.days > 4
    assert late.feature_then < 0.02, "what it takes away is said"
    first = causes(late, found, works, ACME)[0]
    assert first.text == f"blocked since {(TODAY - timedelta(14)).day} Feb 2026: No test data"


def test_what_it_waits_for_in_another_feature_makes_it_late() -> None:
    own = story("a", sprint="s0", estimate_hours=4.0, depends_on=("z",))
    other = story("z", epic="EPIC-2", sprint="s1", estimate_hours=8.0)
    found = feature(own, outside=(other,))
    told, works = outcome(found, FRIDAY)
    assert told.likelihood > 0.98
    [late] = [one for one in told.late if one.work.story.id == "a"]
    assert "waits for z (Team Alpha, scheduled)" in [one.text for one in causes(late, found, works, ACME)]


def test_somebody_away_makes_their_story_late() -> None:
    people = tuple(
        replace_away(one, TODAY, TODAY + timedelta(20)) if one.id == "mei.tanemori" else one
        for one in ACME.people
    )
    department = ACME.model_copy(update={"people": people})
    found = feature(story("a", sprint="s0", estimate_hours=8.0, assignee="mei.tanemori"))
    assert likelihood(found, FRIDAY) < 0.02
    told, works = outcome(found, FRIDAY, department)
    assert told.likelihood > 0.98
    reasons = [one.text for one in causes(told.late[0], found, works, department)]
    assert any(one.startswith("Mei Tanemori, who holds it, is away from") for one in reasons)


def replace_away(person: object, since: date, until: date) -> object:
    return person.model_copy(update={"away": (Absence(since=since, until=until),)})  # type: ignore[attr-defined]


def test_crowded_sprints_lone_knowledge_and_missing_estimates_are_told() -> None:
    many = [story(f"a{n}", sprint="s0", estimate_hours=40.0) for n in range(3)]
    blank = story("b", sprint="s0", estimate_hours=None)
    found = feature(*many, blank)
    told, works = outcome(found, FRIDAY)
    texts = {one.work.story.id: [cause.text for cause in causes(one, found, works, ACME)] for one in told.late}
    assert any("hours of backend, and 4 stories that need" in text for text in texts["a0"])
    assert "it has no estimate" in [cause.text for cause in causes(_late(works["b"]), found, works, ACME)]
    [lone] = known_by_one(found, ACME)
    assert lone.text == "Mei Tanemori did 42 of the last 42 backend stories of Team Alpha"


def _late(work: Work) -> Late:
    return Late(work, FRIDAY, 0.5, 1.0, 0.1)


def test_stories_that_wait_for_each_other_do_not_hang_it() -> None:
    one = story("a", sprint="s0", depends_on=("b",))
    other = story("b", sprint="s0", depends_on=("a",))
    assert 0 <= likelihood(feature(one, other), FRIDAY) <= 1
