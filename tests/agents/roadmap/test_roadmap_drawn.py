"""What is in, what is out and why, with what chance: roadmaps of backlogs that are made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from agents.ranking import Demand
from agents.roadmap.draw import draw
from agents.roadmap.items import MoreHands, Span, Wishes
from agents.roadmap.roadmap import Chosen, Left, Roadmap, from_json, to_json
from governance.department import Absence, Department
from integrations.customers import Account, Commitment, CommitmentState, Request
from integrations.tracker import Priority, StoryStatus
from tests.agents.roadmap.planted import SPAN, department, epic, given, money, read, story

NONE = Wishes()


def drawn(stories, epics=(), wishes: Wishes = NONE, span: Span = SPAN, **different) -> Roadmap:  # type: ignore[no-untyped-def]
    return draw(read(stories, epics, **different), department(), span, wishes)


def chosen(roadmap: Roadmap) -> dict[str, Chosen]:
    return {item.id: item for item in roadmap.chosen}


def left(roadmap: Roadmap) -> dict[str, Left]:
    return {item.id: item for item in roadmap.left}


def account(id: str, thousands: int, renewal: date | None = None) -> Account:
    return Account(id, id.title(), (), "enterprise", money(thousands), renewal, None, None, None, None, None)


def test_what_is_worth_most_for_its_hours_is_in() -> None:
    stories = [story(f"CARD-{n}", 60.0) for n in range(1, 9)]
    stories[3] = replace(stories[3], priority=Priority.P0)
    stories[6] = replace(stories[6], priority=Priority.P3)
    found = drawn(stories)
    assert "CARD-4" in chosen(found)
    assert chosen(found)["CARD-4"].begins == min(item.begins for item in found.chosen), "and it comes first"
    assert left(found), "eight times sixty hours are more than a quarter of Alpha's backend has"
    assert "CARD-7" in left(found), "the one of least worth is out"
    out = left(found)["CARD-7"]
    assert out.kind == "hours"
    assert "backend of Team Alpha has" in out.why
    assert found.worth <= found.bound
    assert from_json(to_json(found)) == found
    assert drawn(stories) == found, "the same work gives the same roadmap"


def test_hours_are_those_that_estimates_turn_out_to_be() -> None:
    slow = tuple(
        replace(done, estimate_hours=10.0, actual_hours=20.0, id=f"{done.id}-slow") for done in given().done()
    )
    late = replace(given(), stories=slow)
    found = drawn([story("CARD-1", 30.0)], given=late)
    assert found.overrun == pytest.approx(2.0)
    assert chosen(found)["CARD-1"].hours == pytest.approx(60.0)


def test_a_chance_falls_with_the_room_behind() -> None:
    first = drawn([story("CARD-1", 20.0)])
    free = sum(
        next(team for team in first.teams if team.hours.team == "alpha").hours.free[k] for k in ("backend",)
    )
    most = free / (first.overrun or 1.0)
    tight = drawn([story("CARD-1", most * 0.9999)])
    assert chosen(first)["CARD-1"].chance == 1.0
    assert 0.45 < chosen(tight)["CARD-1"].chance < 0.56, "at its median it just fits, so it is about even"
    assert left(drawn([story("CARD-1", most * 1.05)]))["CARD-1"].kind == "hours"


def test_what_comes_first_comes_along_or_nothing_does() -> None:
    before = story("CARD-1", 90.0, priority=Priority.P3)
    after = story("CARD-2", 5.0, priority=Priority.P0, depends_on=("CARD-1",))
    found = drawn([before, after])
    assert chosen(found)["CARD-1"].ends <= chosen(found)["CARD-2"].begins
    assert "CARD-2 comes after it" in chosen(found)["CARD-1"].why
    without = drawn([before, after], wishes=Wishes(without=("CARD-1",)))
    assert left(without)["CARD-1"].kind == "asked"
    assert left(without)["CARD-2"].why == "it comes after CARD-1, which is out"


def test_a_chain_that_ends_too_late_is_out_in_time() -> None:
    chain = [
        story(f"CARD-{n}", 45.0, discipline="qa", depends_on=(f"CARD-{n - 1}",) if n > 1 else ())
        for n in (1, 2)
    ]
    chain += [story("CARD-3", 200.0, depends_on=("CARD-2",))]
    stories = [replace(one, epic="EPIC-1") for one in chain]
    found = drawn(stories, [epic("EPIC-1")])
    assert left(found)["EPIC-1"].kind == "time"
    assert "one after the other" in left(found)["EPIC-1"].why


def test_stories_that_wait_for_each_other_never_begin() -> None:
    found = drawn(
        [
            story("CARD-1", depends_on=("CARD-2",)),
            story("CARD-2", depends_on=("CARD-1",)),
            story("CARD-3", depends_on=("CARD-3",)),
            story("CARD-4", depends_on=("CARD-2",)),
            story("CARD-5"),
        ]
    )
    assert set(chosen(found)) == {"CARD-5"}
    assert "in a circle" in left(found)["CARD-1"].why
    assert left(found)["CARD-3"].why == "CARD-3 → CARD-3 come after each other in a circle"
    assert left(found)["CARD-4"].why.startswith("it comes after CARD-2: ")


def test_features_that_need_each_other_come_together() -> None:
    one = [story("CARD-1", epic="EPIC-1"), story("CARD-2", epic="EPIC-1", depends_on=("CARD-3",))]
    two = [story("CARD-3", epic="EPIC-2", depends_on=("CARD-1",))]
    epics = [epic("EPIC-1"), epic("EPIC-2")]
    assert set(chosen(drawn([*one, *two], epics))) == {"EPIC-1", "EPIC-2"}
    large = replace(two[0], estimate_hours=5_000.0)
    assert chosen(drawn([*one, large], epics)) == {}


def test_what_cannot_be_known_is_said() -> None:
    unread = read(
        [
            story("CARD-1", None, description="nothing like it"),
            story("CARD-2", team="nobody"),
            story("CARD-3", discipline="ml"),
            story("CARD-4", depends_on=("CARD-99",)),
            story("CARD-5", epic="EPIC-5"),
        ],
        [epic("EPIC-5")],
        elsewhere=frozenset({"CARD-99"}),
        partly=frozenset({"EPIC-5"}),
        unread=7,
        given=replace(given(), stories=()),
    )
    found = draw(unread, department(), SPAN, NONE)
    why = {id: item.why for id, item in left(found).items()}
    assert why["CARD-1"] == "no estimate of CARD-1, and not enough history to estimate from"
    assert "none of the department's" in why["CARD-2"]
    assert why["CARD-3"] == "Team Alpha has no hours for ml (CARD-3)"
    assert why["CARD-4"] == "CARD-4 comes after CARD-99, of which nobody knows when it is done"
    assert "only a part of its stories was read" in why["EPIC-5"]
    assert (found.unread, found.unestimated, found.overrun, found.chosen) == (7, 1, None, ())


def test_at_most_five_hundred_items_the_most_urgent_ones() -> None:
    stories = [story(f"CARD-{n}", 1.0, priority=Priority.P3) for n in range(1, 620)]
    stories.append(story("CARD-900", 1.0, priority=Priority.P0, depends_on=("CARD-619",)))
    found = drawn(stories)
    assert (found.items, found.open_items) == (500, 620)
    assert "CARD-619, of which nobody knows" in left(found)["CARD-900"].why


def test_committed_work_takes_its_hours_and_is_no_item() -> None:
    sprint = next(s for s in given().sprints if s.team == "alpha" and s.starts >= SPAN.starts)
    free = {team.hours.team: team.hours.free for team in drawn([story("CARD-1")]).teams}["alpha"]["backend"]
    own = story("CARD-2", 20.0, status=StoryStatus.SCHEDULED, sprint=sprint.id)
    later = story("CARD-3", 5.0, depends_on=("CARD-2",))
    known = replace(given(), stories=(*given().stories, own))
    found = drawn([story("CARD-1"), own, later], given=known)
    now = {team.hours.team: team.hours.free for team in found.teams}["alpha"]["backend"]
    assert now == pytest.approx(free - 20.0, abs=0.1)
    assert "CARD-2" not in chosen(found) | left(found)
    assert found.committed == 1
    assert chosen(found)["CARD-3"].begins >= sprint.ends, "what is in a sprint is done when that ends"


def test_whoever_is_away_takes_their_share_of_the_hours() -> None:
    base = drawn([story("CARD-1")])
    person = next(one for one in department().people if one.team == "alpha")
    week = Absence(since=date(2027, 2, 8), until=date(2027, 2, 14))
    people = tuple(
        one.model_copy(update={"away": (week,)}) if one.id == person.id else one for one in department().people
    )
    away: Department = department().model_copy(update={"people": people})
    found = draw(read([story("CARD-1")]), away, SPAN, NONE)
    was, now = (next(t.hours for t in one.teams if t.hours.team == "alpha") for one in (base, found))
    assert now.away == 5
    assert now.lost == pytest.approx(46 / 7, rel=0.15), "one of seven people, for a week of 46 hours"
    assert sum(was.free.values()) - sum(now.free.values()) == pytest.approx(now.lost, rel=0.01)
    assert now.absences == (f"{person.name}, 5 d (8 Feb 2027 to 12 Feb 2027)",)


def test_more_hands_count_as_those_who_are_there() -> None:
    base = drawn([story("CARD-1")])
    weeks = 12.4
    for hands, line, each in (
        (MoreHands("gamma", 2), "backend", 22.0),
        (MoreHands("gamma", -1, "security"), "security", 10.0),
        (MoreHands("delta", 1), "frontend", 15.0),
    ):
        found = drawn([story("CARD-1")], wishes=Wishes(more=(hands,)))
        was, now = (next(t.hours for t in one.teams if t.hours.team == hands.team) for one in (base, found))
        assert now.free[line] - was.free[line] == pytest.approx(
            max(hands.count * each * weeks, -was.free[line]), rel=0.05
        )
        assert f"{each:g} of {line} agent-hours a week" in found.supposed[0]
        others = {name: hours for name, hours in now.free.items() if name != line}
        assert others == pytest.approx({name: was.free[name] for name in others})
    nobody = drawn([story("CARD-1")], wishes=Wishes(more=(MoreHands("alpha", 1, "ml"),)))
    assert "changes nothing" in nobody.supposed[0]


def test_customers_and_dates_are_worth_what_is_known_of_them() -> None:
    accounts = {one.id: one for one in (account("large", 500), account("small", 50, date(2027, 2, 1)))}
    asks = (
        Request("REQ-1", "large", "it", date(2026, 1, 1), date(2027, 12, 1), ("CARD-2",)),
        Request("REQ-2", "large", "it again", date(2026, 1, 1), None, ("CARD-2",)),
    )
    promised = (
        Commitment(
            "C-1",
            "small",
            "it",
            date(2026, 1, 1),
            "rachel",
            date(2027, 3, 1),
            CommitmentState.OPEN,
            ("CARD-3",),
        ),
    )
    stories = [story("CARD-1"), story("CARD-2"), story("CARD-3"), story("CARD-4", customers=("small",))]
    found = chosen(drawn(stories, demand=Demand(accounts, asks, promised)))
    assert found["CARD-1"].worth.value == 2
    assert found["CARD-2"].worth.value == 2 + 5, "an account that asks twice counts once, and is not urgent yet"
    assert found["CARD-3"].worth.value == (2 + 0.5) * 2
    assert found["CARD-3"].worth.due == date(2027, 2, 1), "its renewal comes before the promise"
    assert "1 customer waits for it; due 1 Feb 2027, which doubles it" in found["CARD-4"].why


def test_rice_and_return_take_the_place_of_the_priority() -> None:
    stories = [
        story("CARD-1", labels=("RICE: 12",), priority=Priority.P0),
        story("CARD-2", labels=("rice=300",), priority=Priority.P3),
        story("CARD-3", labels=("roi:2.5",), priority=Priority.P3),
        story("CARD-4", labels=("price:7", "rice:many"), priority=Priority.P3),
    ]
    found = chosen(drawn(stories))
    assert found["CARD-2"].worth.weight > found["CARD-1"].worth.weight
    assert (found["CARD-3"].worth.basis, found["CARD-3"].worth.given) == ("ROI", 2.5)
    assert (found["CARD-4"].worth.basis, found["CARD-4"].worth.weight) == ("priority", 1.0)
    assert found["CARD-2"].why.startswith("RICE 300")


def test_names_leave_out_and_put_first() -> None:
    stories = [story("CARD-1", title="Push messages of the mobile app"), story("CARD-2", product="search")]
    stories += [story(f"CARD-{n}", 200.0, priority=Priority.P0) for n in (3, 4)]
    stories.append(story("CARD-5", 150.0, priority=Priority.P3))
    found = drawn(
        stories, wishes=Wishes(without=("mobile app", "product search", "moon base"), include=("CARD-5",))
    )
    assert left(found)["CARD-1"].why == "left out, as asked (“mobile app”)"
    assert left(found)["CARD-2"].kind == "asked", "a product goes by its aliases"
    assert found.notes == ("Nothing in the backlog is called “moon base”, so nothing was left out for it.",)
    assert "CARD-5" in chosen(found), "though two things are worth more for their hours"


def test_what_another_roadmap_has_is_not_planned_twice() -> None:
    stories = [story("CARD-1"), story("CARD-2"), story("CARD-3", depends_on=("CARD-2",))]
    sooner = Span("Q4 2026", date(2026, 10, 1), date(2027, 1, 1))
    found = draw(read(stories), department(), SPAN, NONE, {"CARD-2": sooner})
    assert left(found)["CARD-2"].why == "it is on the roadmap of Q4 2026"
    assert "CARD-3" in chosen(found), "what it needs is planned for before"
    later = Span("Q2 2027", date(2027, 4, 1), date(2027, 7, 1))
    found = draw(read(stories), department(), SPAN, NONE, {"CARD-2": later})
    assert left(found)["CARD-3"].why == "it comes after CARD-2, which is out"
    again = draw(read([story("CARD-2")]), department(), SPAN, Wishes(only=("CARD-2",)), {"CARD-2": sooner})
    assert set(chosen(again)) == {"CARD-2"}


def test_a_product_or_a_team_alone() -> None:
    stories = [story("CARD-1"), story("CARD-2", product="search", team="integrations")]
    assert set(chosen(drawn(stories, wishes=Wishes(product="search")))) == {"CARD-2"}
    assert set(chosen(drawn(stories, wishes=Wishes(team="alpha")))) == {"CARD-1"}
    stories.append(story("CARD-3", depends_on=("CARD-2",)))
    assert left(drawn(stories, wishes=Wishes(team="alpha")))["CARD-3"].kind == "order", "nobody plans CARD-2"


def test_an_empty_backlog_and_a_far_time() -> None:
    assert drawn([]).chosen == ()
    far = Span("Q2 2028", SPAN.starts + timedelta(days=456), SPAN.ends + timedelta(days=456))
    found = drawn([story("CARD-1")], span=far)
    assert chosen(found)["CARD-1"].begins >= far.starts, "after the last known sprint a team has its usual week"


def test_wishes_add_up() -> None:
    first = Wishes(product="search", without=("a", "b"), more=(MoreHands("gamma", 2),))
    then = Wishes(without=("c",), include=("a",), share=0.8)
    assert first.and_also(then) == Wishes("search", "", ("b", "c"), ("a",), (MoreHands("gamma", 2),), 0.8)
