"""Slots are filled as well as they can be: against every assignment, tried one by one."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from governance.action import Slot
from governance.approvals.slots import Ballot, Hat, fill, is_full

ROLE_SETS = st.sets(st.sampled_from("abc"), min_size=1, max_size=2).map(frozenset)
slots_ = st.lists(st.builds(Slot, ROLE_SETS), min_size=1, max_size=3)


@st.composite
def ballots_(draw):
    roles = {person: draw(st.sets(st.sampled_from("abc"), max_size=2).map(frozenset)) for person in "vwxy"}
    voters = draw(st.lists(st.sampled_from("vwxy"), unique=True, max_size=4))
    return [
        Ballot(
            voter,
            tuple(
                Hat(who, roles[who])
                for who in dict.fromkeys([voter, *draw(st.lists(st.sampled_from("vwxy"), max_size=2))])
            ),
        )
        for voter in voters
    ]


def most(slots, ballots):
    """How many slots can be filled at all."""
    choices = [
        [None, *((b.voter, h.principal) for b in ballots for h in b.hats if h.roles & slot.roles)]
        for slot in slots
    ]
    best = 0
    for picked in product(*choices):
        taken = [choice for choice in picked if choice is not None]
        voters, principals = {voter for voter, _ in taken}, {principal for _, principal in taken}
        if len(voters) == len(principals) == len(taken):
            best = max(best, len(taken))
    return best


@settings(max_examples=150, deadline=None)
@given(slots_, ballots_())
def test_as_many_slots_are_filled_as_can_be(slots, ballots):
    filled = fill(slots, ballots)
    taken = [choice for choice in filled if choice is not None]
    assert len(taken) == most(slots, ballots)
    assert is_full(slots, ballots) is (len(taken) == len(slots))
    assert len({choice.voter for choice in taken}) == len({choice.principal for choice in taken}) == len(taken)
    hats = {(ballot.voter, hat.principal): hat.roles for ballot in ballots for hat in ballot.hats}
    for slot, choice in zip(slots, filled, strict=True):
        assert choice is None or hats[choice.voter, choice.principal] & slot.roles


@settings(max_examples=100, deadline=None)
@given(slots_, ballots_(), st.sampled_from("vwxy"))
def test_a_barred_requester_fills_nothing_in_any_hat(slots, ballots, requester):
    filled = fill(slots, [ballot.without(requester) for ballot in ballots])
    assert all(choice is None or requester not in (choice.voter, choice.principal) for choice in filled)


def test_nobody_asked_bars_nobody():
    ballot = Ballot("v", (Hat("v", frozenset("a")),))
    assert ballot.without(None) == ballot
