"""A plan in the tracker, worked out anew: what is begun stays, what is open fits into what is free today."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import pytest

from agents.planning.capacity import free_hours
from agents.planning.draft import Budget, Estimate, PlanChanges, PlanDraft
from agents.planning.plan import plan
from agents.planning.replan import Move, Replanned, replan
from agents.planning.request import ImpossibleChange, PlanningInput
from integrations.tracker import Story, StoryStatus
from tests.agents.acme_input import AS_OF, TODAY, planning_input

FOUR_WEEKS = TODAY + timedelta(weeks=4)


@cache
def draft() -> PlanDraft:
    return plan(planning_input())


def made() -> dict[str, str]:
    return {story.key: f"CARD-9{story.key[1:]:0>3}" for story in draft().stories}


def tracked(
    statuses: Mapping[str, StoryStatus] | None = None, actual: float | None = None
) -> tuple[Story, ...]:
    """The plan's stories as the tracker has them: scheduled as planned, but for these."""
    places = {place.story: place.sprint for place in draft().schedule}
    found = []
    for story in draft().stories:
        status = (statuses or {}).get(story.key, StoryStatus.SCHEDULED)
        done = status is StoryStatus.DONE
        found.append(
            Story(
                id=made()[story.key],
                title=story.title,
                description=story.description,
                acceptance=story.acceptance,
                team=story.team,
                product=draft().product,
                status=status,
                priority=story.priority,
                epic="EPIC-900",
                discipline=story.discipline,
                estimate_hours=story.hours,
                actual_hours=(actual or story.hours) if done else None,
                customers=(),
                labels=(),
                depends_on=(),
                blocked_reason="the bank is silent" if status is StoryStatus.BLOCKED else None,
                assignee=None,
                sprint=places.get(story.key),
                created=AS_OF,
                started=AS_OF if status in (StoryStatus.IN_PROGRESS, StoryStatus.DONE) else None,
                finished=AS_OF if done else None,
            )
        )
    return tuple(found)


def given(
    ours: tuple[Story, ...], today: date = FOUR_WEEKS, changes: PlanChanges | None = None
) -> PlanningInput:
    department = planning_input(changes=changes)
    stories = (*department.stories, *ours)
    return replace(department, stories=stories, today=today, as_of=AS_OF + (today - TODAY))


BEGUN = {
    "S1": StoryStatus.DONE,
    "S2": StoryStatus.DONE,
    "S3": StoryStatus.IN_PROGRESS,
    "S4": StoryStatus.CANCELLED,
}


@cache
def begun() -> Replanned:
    return replan(draft(), made(), given(tracked(BEGUN, actual=40.0)))


def test_what_is_begun_or_over_stays() -> None:
    found = begun()
    assert (found.done, found.under_way, found.open) == (2, 1, len(draft().stories) - 4)
    assert {move.key for move in found.moves}.isdisjoint(BEGUN)
    kept = {place for place in draft().schedule if place.story in BEGUN}
    assert kept <= set(found.draft.schedule)
    assert found.draft.story("S3") == draft().story("S3")


def test_what_is_done_counts_with_the_hours_that_it_took() -> None:
    found = begun()
    assert found.hours_used == 80.0
    for key in ("S1", "S2"):
        assert found.draft.story(key).hours == 40.0
    assert isinstance(found.draft.budget, Budget)
    rest = sum(story.hours for story in found.draft.stories if story.key not in {"S1", "S2", "S4"})
    assert found.draft.budget.hours == pytest.approx(80.0 + rest)
    assert next(fact.value for fact in found.draft.facts if fact.name == "hours used") == 80.0


def test_what_is_open_begins_from_today_on_and_fits_into_what_is_free() -> None:
    found, department = begun(), given(tracked(BEGUN, actual=40.0))
    open_keys = {story.key for story in draft().stories} - set(BEGUN)
    places = [place for place in found.draft.schedule if place.story in open_keys]
    assert places
    assert all(place.starts >= FOUR_WEEKS for place in places)
    own = {made()[key] for key in open_keys}
    others = replace(department, stories=tuple(s for s in department.stories if s.id not in own))
    free = {f.sprint.id: (f.sprint, f.hours) for sprints in free_hours(others).values() for f in sprints}
    used: defaultdict[tuple[str, str], float] = defaultdict(float)
    for place in places:
        story = found.draft.story(place.story)
        if (
            place.ends == free[place.sprint][0].ends
        ):  # those over several sprints are the solver's tests' matter
            used[place.sprint, story.discipline] += story.hours
    for (sprint, discipline), hours in used.items():
        assert hours <= free[sprint][1][discipline] + 0.01


def test_its_own_old_places_are_free_for_it() -> None:
    """Scheduled as planned, with nothing begun and no day gone by, everything that had a place keeps one."""
    found = replan(draft(), made(), given(tracked(), today=TODAY))
    placed = {place.story for place in draft().schedule}
    assert placed <= {place.story for place in found.draft.schedule}


def test_the_same_gives_the_same_and_carried_out_it_moves_nothing_more() -> None:
    ours = tracked(BEGUN, actual=40.0)
    assert replan(draft(), made(), given(ours)) == begun()
    moves = {move.story: move for move in begun().moves}

    def after(story: Story) -> Story:
        move = moves.get(story.id)
        if move is None:
            return story
        status = StoryStatus.SCHEDULED if move.sprint else StoryStatus.BACKLOG
        return replace(story, sprint=move.sprint or None, estimate_hours=move.hours, status=status)

    assert replan(draft(), made(), given(tuple(map(after, ours)))).moves == ()


def test_nothing_changed_changes_nothing() -> None:
    minutes_later = replace(given(tracked(), today=TODAY), as_of=AS_OF + timedelta(minutes=12))
    found = replan(draft(), made(), minutes_later)
    assert (found.moves, found.draft.because) == ((), ())
    assert found.draft.stories == draft().stories
    assert found.draft.scheduled_to == draft().scheduled_to


def test_what_changed_says_why() -> None:
    story = draft().story("S5")
    alike = replace(
        next(s for s in tracked() if s.id == made()["S5"]),
        id="CARD-2000",
        status=StoryStatus.DONE,
        sprint=None,
        actual_hours=story.hours * 6,
        finished=AS_OF + timedelta(days=3),
    )
    found = replan(draft(), made(), given((*tracked(), alike), today=TODAY + timedelta(days=4)))
    (said,) = [line for line in found.draft.because if line.startswith("S5 is estimated at")]
    assert re.search(r"similar work is done since \(CARD-2000 took [\d.]+, likeness (?:0\.\d\d|1\.00)", said)
    moved = {move.key for move in begun().moves if move.sprint != move.was}
    assert moved
    assert moved <= {line.split()[0] for line in begun().draft.because}
    late = replan(draft(), made(), given(tracked(BEGUN), today=TODAY + timedelta(weeks=14)))
    assert any("and it was not begun" in line for line in late.draft.because)


def test_what_comes_after_a_story_under_way_begins_when_that_is_done() -> None:
    link = draft().precedences[0]
    found = replan(draft(), made(), given(tracked({link.after: StoryStatus.IN_PROGRESS}), today=TODAY))
    done = next(place.done for place in draft().schedule if place.story == link.after)
    place = next(place for place in found.draft.schedule if place.story == link.story)
    assert place.begins > done


def test_it_starts_when_it_is_told_to() -> None:
    later = FOUR_WEEKS + timedelta(weeks=6)
    found = replan(draft(), made(), given(tracked(BEGUN), changes=PlanChanges(start=later)))
    moved = {move.key for move in found.moves if move.sprint}
    assert moved
    assert all(place.starts >= later for place in found.draft.schedule if place.story in moved)


def test_a_move_says_what_stands_and_what_becomes_of_it() -> None:
    move = begun().moves[0]
    before = next(story for story in tracked(BEGUN) if story.id == move.story)
    estimate = begun().draft.story(move.key).estimate
    assert isinstance(estimate, Estimate)
    place = next((p.sprint for p in begun().draft.schedule if p.story == move.key), "")
    assert move == Move(
        move.key, before.id, before.status, place, before.sprint or "", estimate.p50, before.estimate_hours
    )


def test_what_waits_for_something_blocked_is_said() -> None:
    link = draft().precedences[0]
    found = replan(draft(), made(), given(tracked({link.after: StoryStatus.BLOCKED})))
    assert f"{link.story} waits for {link.after}, which is blocked: the bank is silent." in found.draft.blockers


def test_what_was_not_made_has_no_place() -> None:
    without = {key: story for key, story in made().items() if key != "S5"}
    found = replan(draft(), without, given(tracked()))
    assert ("S5", "it was not made") in {(left.story, left.why) for left in found.draft.unscheduled}
    assert "S5" not in {place.story for place in found.draft.schedule}


@pytest.mark.parametrize(
    ("statuses", "history", "why"),
    [
        (dict.fromkeys(("all",), StoryStatus.DONE), True, "nothing is left to schedule"),
        ({}, False, "not enough history"),
    ],
)
def test_where_there_is_nothing_to_work_out_it_says_why(
    statuses: Mapping[str, StoryStatus], history: bool, why: str
) -> None:
    everything = dict.fromkeys(made(), StoryStatus.DONE) if statuses else {}
    asked = given(tracked(everything))
    if not history:
        asked = replace(asked, stories=tracked())
    with pytest.raises(ImpossibleChange, match=why):
        replan(draft(), made(), asked)
