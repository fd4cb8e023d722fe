"""Staffing: a department in which some approval or release could be given by nobody is found out."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.action import ApprovalTerms, Slot
from governance.department import Department, PersonEntry
from governance.department_file import parse_department
from governance.department_staffing import ROLE_CHANGE, VoteRequirement, new_problems, problems
from governance.people import Person, Role
from governance.slot_matching import fill_slots
from governance.staffing_words import lacking

SHELL = """\
id: tiny
name: Tiny Works
currency: EUR
calendar: office
folders: {documents: d, services: s, history: h, customers: c.yaml}
sprints: {first: 2026-01-05, weeks: 2}
calendars: [{id: office, time_zone: UTC, days: [monday], start: "09:00", end: "17:00"}]
people: [{id: ann, name: Ann, title: Owner, email: a@example.com, roles: [product_owner], calendar: office}]
teams: [{id: red, name: Red, lead: ann, mission: All, capacity: {}, agents: []}]
products: [{id: thing, name: Thing, owner: ann, teams: [red]}]
channels: []
account_owners: {}
"""

DIRECTOR, COMPLIANCE, SRE, OWNER = (
    Role.ENGINEERING_DIRECTOR,
    Role.COMPLIANCE_OFFICER,
    Role.SRE_LEAD,
    Role.PRODUCT_OWNER,
)


def _department(*roles: frozenset[Role], inactive: int | None = None) -> Department:
    people = tuple(
        PersonEntry(
            id=f"p{number}",
            name=f"P{number}",
            title="T",
            email=f"p{number}@example.com",
            roles=held,
            calendar="office",
            active=number != inactive,
        )
        for number, held in enumerate(roles)
    )
    return parse_department(SHELL).model_copy(update={"people": people})


def _of(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


WELL = (_of(DIRECTOR), _of(COMPLIANCE), _of(SRE), _of(OWNER))


def test_four_people_are_enough_for_the_standing_rules() -> None:
    assert problems(_department(*WELL), ()) == ()


def test_role_changes_need_two_people() -> None:
    both_in_one = _department(_of(DIRECTOR, COMPLIANCE), _of(SRE))
    assert any(problem.startswith("role change:") for problem in problems(both_in_one, ()))


def test_somebody_else_must_be_able_to_resume() -> None:
    alone = _department(_of(DIRECTOR, COMPLIANCE, SRE), _of(OWNER))
    assert any("after P0 halted them" in problem for problem in problems(alone, ()))
    assert any(problem.startswith("halt:") for problem in problems(_department(_of(SRE), _of(COMPLIANCE)), ()))


def test_the_requester_is_left_out_where_the_rule_says_so() -> None:
    row = VoteRequirement("architecture", (_of(DIRECTOR),), requester_may_vote=False)
    found = problems(_department(*WELL), (row,))
    assert found == (
        "architecture: nobody could approve what P0 asks for; it needs, besides them, engineering director",
    )
    assert problems(_department(*WELL, _of(DIRECTOR)), (row,)) == ()
    nobody_asks = VoteRequirement("architecture", (_of(DIRECTOR),), requester_may_vote=False, may_ask=_of(SRE))
    assert problems(_department(*WELL), (nobody_asks,)) == ()


def test_one_person_never_fills_two_slots() -> None:
    row = VoteRequirement("scaling", (_of(SRE, DIRECTOR), _of(SRE)), requester_may_vote=True)
    assert problems(_department(*WELL), (row,)) == ()
    one_holder = VoteRequirement("scaling", (_of(SRE), _of(SRE)), requester_may_vote=True)
    assert any(problem.startswith("scaling: nobody") for problem in problems(_department(*WELL), (one_holder,)))


def test_who_left_does_not_count() -> None:
    row = VoteRequirement("patches", (_of(SRE),), requester_may_vote=True)
    assert problems(_department(*WELL, inactive=2), (row,))


def test_terms_of_the_matrix_are_understood() -> None:
    terms = ApprovalTerms((Slot(frozenset({"sre_lead"})), Slot(frozenset({"product_owner"}))))
    row = VoteRequirement.of("deployments", terms)
    assert row.slots == (_of(SRE), _of(OWNER))
    assert not row.requester_may_vote


_roles = st.frozensets(st.sampled_from("abcd"), max_size=3)


@given(st.lists(_roles, max_size=4), st.lists(_roles, max_size=5))
def test_matching_fills_as_many_slots_as_any_seating_does(
    slots: list[frozenset[str]], roles: list[frozenset[str]]
) -> None:
    holders = {f"p{number}": held for number, held in enumerate(roles)}
    filled = fill_slots(slots, holders)
    assert len(set(filled.values())) == len(filled)
    assert all(slots[position] & holders[person] for position, person in filled.items())
    seats = [*holders, *[None] * len(slots)]
    best = max(
        sum(person is not None and bool(slots[at] & holders[person]) for at, person in enumerate(seating))
        for seating in permutations(seats, len(slots))
    )
    assert len(filled) == best


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_matching_moves_people_to_make_room(order: tuple[int, ...]) -> None:
    people = [("only-a", frozenset("a")), ("a-or-b", frozenset("ab")), ("b-or-c", frozenset("bc"))]
    holders = dict(people[at] for at in order)
    assert len(fill_slots([frozenset("b"), frozenset("a"), frozenset("c")], holders)) == 3


def _people(*roles: frozenset[Role]) -> tuple[Person, ...]:
    return _department(*roles).as_people("t")


def test_what_a_change_makes_impossible_is_its_fault_and_nothing_else() -> None:
    row = VoteRequirement("architecture", (_of(DIRECTOR),), requester_may_vote=False)
    assert new_problems(_people(_of(OWNER)), _people(_of(OWNER), _of(DIRECTOR)), (row,)) == ()
    lost = new_problems(_people(_of(OWNER), _of(DIRECTOR)), _people(_of(OWNER), _of(SRE)), (row,))
    assert any(problem.startswith("architecture: nobody could approve it") for problem in lost)
    both = _people(_of(DIRECTOR), _of(DIRECTOR))
    assert any(
        "what P0 asks for" in one for one in new_problems(both, _people(_of(DIRECTOR), _of(SRE)), (row,))
    )


def test_whoever_comes_first_to_a_role_or_after_somebody_takes_nothing_from_anybody() -> None:
    row = VoteRequirement("architecture", (_of(DIRECTOR),), requester_may_vote=False)
    alone = "architecture: nobody could approve what"
    promoted = new_problems(_people(_of(OWNER), _of(OWNER)), _people(_of(OWNER), _of(DIRECTOR)), (row,))
    assert not any(problem.startswith(alone) for problem in promoted)
    left = _department(_of(OWNER), _of(DIRECTOR), _of(DIRECTOR), inactive=1).as_people("t")
    succeeded = new_problems(_people(_of(OWNER), _of(DIRECTOR)), left, (row,))
    assert not any(problem.startswith(alone) for problem in succeeded)


def test_what_takes_the_same_people_is_said_in_one_sentence() -> None:
    rows = (
        VoteRequirement("Code changes", (_of(DIRECTOR),), requester_may_vote=False),
        VoteRequirement("Architecture changes", (_of(DIRECTOR),), requester_may_vote=False),
        VoteRequirement("Scaling", (_of(SRE), _of(SRE)), requester_may_vote=True),
        VoteRequirement("Role changes", ROLE_CHANGE.slots, requester_may_vote=True),
    )
    assert lacking(_people(_of(DIRECTOR), _of(OWNER)), rows) == (
        "Nobody could approve scaling: that takes 2 people who are each an SRE lead.",
        "Nobody could approve role changes: that takes an engineering director and a compliance officer, who"
        " are different people.",
        "Nobody could approve what P0 asks for of code changes and architecture changes: that takes an"
        " engineering director besides P0.",
        "Nobody could let the agents go on after P0 halted them: that takes somebody else who is an engineering"
        " director, a compliance officer, an SRE lead or an executive.",
    )
    assert lacking(_people(*WELL, _of(DIRECTOR), _of(SRE)), rows) == ()
    assert lacking(_people(_of(OWNER)), ())[-1] == (
        "Nobody could halt the agents: that takes an engineering director or an executive."
    )
