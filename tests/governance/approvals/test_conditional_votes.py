"""Votes with conditions: each counts while its conditions hold, and what waits can be decided meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from governance.approvals.counting import WAITS_FOR, decide, is_covered, missing, recount, told
from governance.approvals.decision import (
    Approved,
    Conditional,
    Consented,
    Denied,
    Recorded,
    Refused,
    Status,
    expire,
)
from governance.approvals.store import state_of
from governance.approvals.voting import take_back
from governance.authority.conditions import All, AnyOf, Condition, Not, Term, negated
from governance.authority.vocabulary import read_for_votes
from governance.directory import person_by_id
from governance.overrides.rows import end, lay, standing_rows
from governance.people import Role
from governance.performing import release_held
from tests.governance.approvals.polling import HOUR, OPENED, RELEASE, STRICT_SCALING, opened, vote
from tests.governance.edge_actions import deploy, scale
from tests.governance.house import House

PRODUCTION = {"environment": "production"}
LOAD = Condition("load_test_passed", "is", ("true",))
TESTED = Condition("tests_passed", "is", ("true",))
NOT_FROZEN = Condition("frozen", "is", ("false",), "deployments")


def approves(person: str) -> Condition:
    return Condition("approved_by", "is", ("true",), person)


def yes_if(who: str, *terms: Term, hours: float = 1):
    return replace(vote(who, "+", hours), conditions=terms)


PASSED, FAILED = [read_for_votes({"tests_passed": True})], [read_for_votes({"tests_passed": False})]


def test_a_vote_counts_while_its_condition_holds():
    state, answer = decide(opened(RELEASE), yes_if("nathan", TESTED), PASSED)
    assert (state.status, answer) == (Status.APPROVED, Approved(("nathan",)))


def test_a_vote_whose_condition_is_not_known_waits_and_the_approval_stays_open():
    state, answer = decide(opened(RELEASE), yes_if("nathan", TESTED))
    assert isinstance(answer, Conditional)
    assert (answer.stands, answer.missing, state.status) == ("waits", (), Status.OPEN)
    assert is_covered(state)
    assert len(missing(state)) == 1
    after, by = recount(state, PASSED, OPENED + 2 * HOUR)
    assert (after.status, by) == (Status.APPROVED, ("nathan",))


def test_a_vote_whose_condition_failed_is_kept_and_counts_for_nothing():
    state, answer = decide(opened(RELEASE), yes_if("nathan", TESTED), FAILED)
    assert isinstance(answer, Conditional)
    assert (answer.stands, state.status, is_covered(state)) == ("void", Status.OPEN, False)
    assert expire(state, state.deadlines.expires).status is Status.EXPIRED


def test_what_waits_is_approved_without_the_condition_by_anybody_who_may():
    state, _ = decide(opened(RELEASE), yes_if("nathan", TESTED))
    assert decide(state, vote("amanda", "+", 2))[0].status is Status.APPROVED
    mine, answer = decide(state, vote("nathan", "+", 2))
    assert (mine.status, answer) == (Status.APPROVED, Approved(("nathan",)))


def test_the_same_condition_twice_is_no_second_vote_and_another_one_takes_its_place():
    state, _ = decide(opened(RELEASE), yes_if("nathan", TESTED))
    assert isinstance(decide(state, yes_if("nathan", TESTED))[1], Refused)
    other, _ = decide(state, yes_if("nathan", LOAD))
    assert other.conditions == (LOAD,)


def test_what_waits_is_denied_by_anybody_who_may():
    state, _ = decide(opened(RELEASE), yes_if("nathan", TESTED))
    assert isinstance(decide(state, vote("amanda", "-", 2))[1], Denied)


def test_what_waits_stays_open_for_two_weeks_after_the_vote():
    state, _ = decide(opened(RELEASE), yes_if("nathan", TESTED))
    ends = OPENED + HOUR + WAITS_FOR
    assert expire(state, ends - HOUR).status is Status.OPEN
    assert expire(state, ends).status is Status.EXPIRED


def test_of_two_votes_each_has_to_hold():
    state, answer = decide(opened(STRICT_SCALING), yes_if("nathan", TESTED))
    assert isinstance(answer, Conditional)
    assert len(answer.missing) == 1
    state, answer = decide(state, vote("amanda", "+", 2))
    assert isinstance(answer, Recorded)
    assert recount(state, PASSED, OPENED + 2 * HOUR)[0].status is Status.APPROVED
    assert recount(state, FAILED, OPENED + 2 * HOUR)[0].status is Status.OPEN


def test_a_condition_waits_for_somebodys_vote():
    state, answer = decide(opened(RELEASE), yes_if("nathan", approves("amanda")))
    assert isinstance(answer, Conditional)
    assert state.named == {"amanda"}
    state, answer = decide(state, vote("amanda", "+", 2))
    assert isinstance(answer, Approved)


def test_a_condition_waits_for_the_word_of_somebody_who_may_not_vote():
    state, _ = decide(opened(RELEASE), yes_if("nathan", approves("rachel")))
    assert isinstance(decide(state, vote("eve", "+", 2))[1], Refused), "nobody asked for this one's word"
    after, answer = decide(state, vote("rachel", "+", 2))
    assert (after.status, answer) == (Status.APPROVED, Consented("approve"))
    after, answer = decide(state, vote("rachel", "-", 2))
    assert (after.status, answer) == (Status.OPEN, Consented("deny"))
    assert after.votes[0].stands == "void", "and it never holds any more"


def test_two_who_wait_for_each_other_both_count():
    state, _ = decide(opened(STRICT_SCALING), yes_if("nathan", approves("amanda")))
    state, answer = decide(state, yes_if("amanda", approves("nathan"), hours=2))
    assert isinstance(answer, Approved)


def test_two_who_wait_for_each_other_and_for_something_else_wait():
    state, _ = decide(opened(STRICT_SCALING), yes_if("nathan", approves("amanda")))
    state, answer = decide(state, yes_if("amanda", approves("nathan"), TESTED, hours=2))
    assert isinstance(answer, Conditional)
    assert {one.stands for one in state.votes} == {"waits"}
    assert recount(state, PASSED, OPENED + 3 * HOUR)[0].status is Status.APPROVED


def test_a_vote_that_denies_itself_never_counts():
    unless_amanda = Condition("approved_by", "is", ("false",), "amanda")
    state, _ = decide(opened(STRICT_SCALING), yes_if("nathan", unless_amanda))
    state, _ = decide(state, yes_if("amanda", approves("nathan"), hours=2))
    assert state.status is Status.OPEN


def test_unless_somebody_said_no_holds_while_nobody_did():
    unless = Condition("denied_by", "is", ("false",), "rachel")
    assert decide(opened(RELEASE), yes_if("nathan", unless))[0].status is Status.APPROVED


FACTS = read_for_votes(
    {"tests_passed": True, "environment": "staging", "weekday": "friday", "cost": Decimal(10)}
)
STAGING, FRIDAY = Condition("environment", "is", ("staging",)), Condition("weekday", "is", ("friday",))
CHEAP = Condition("cost", "<", Decimal(20))


@pytest.mark.parametrize(
    ("term", "now", "settled"),
    [
        (TESTED, True, True),
        (negated(TESTED), False, True),
        (LOAD, None, False),
        (negated(LOAD), None, False),
        (Not(STAGING), False, True),
        (FRIDAY, True, False),
        (Not(FRIDAY), False, False),
        (All((TESTED, LOAD)), None, False),
        (All((negated(TESTED), LOAD)), False, True),
        (All((Not(FRIDAY), LOAD)), False, False),
        (All((Not(FRIDAY), Not(STAGING))), False, True),
        (AnyOf((TESTED, LOAD)), True, True),
        (AnyOf((FRIDAY, LOAD)), True, False),
        (AnyOf((negated(TESTED), LOAD)), None, False),
        (AnyOf((negated(TESTED), Not(STAGING))), False, True),
        (AnyOf((negated(TESTED), Not(FRIDAY))), False, False),
        (negated(All((CHEAP, LOAD))), None, False),
        (negated(AnyOf((CHEAP, LOAD))), False, True),
        (All(()), True, True),
        (AnyOf(()), False, True),
    ],
)
def test_conditions_are_total_in_three_values(term: Term, now: bool | None, settled: bool):
    found = term.told(FACTS)
    assert (found.now, found.settled) == (now, settled)


def test_a_time_that_has_come_stays_and_one_that_is_over_does_not_come_back():
    at = read_for_votes({"time": OPENED})
    after = Condition("time", ">=", OPENED - HOUR)
    assert (after.told(at).now, after.told(at).settled) == (True, True)
    assert (negated(after).told(at).now, negated(after).told(at).settled) == (False, True)
    later = Condition("time", ">=", OPENED + HOUR)
    assert (later.told(at).now, later.told(at).settled) == (False, False)
    assert (negated(later).told(at).now, negated(later).told(at).settled) == (True, False)


# In the database, with effects.


async def test_a_condition_that_holds_later_sets_the_action_going(house: House) -> None:
    submitted = await house.submit(deploy(**PRODUCTION), by="david")
    eight = Condition("time", ">=", house.now + timedelta(hours=5))
    cast = await house.vote(submitted.approval, "nathan", conditions=(eight,))
    assert isinstance(cast.answer, Conditional)
    assert told(cast.conditions, cast.facts).now is False
    await house.look(submitted.approval)
    assert (await house.effect(submitted.effect)).state == "parked"
    house.later(hours=5)
    await house.look(submitted.approval)
    assert (await house.approval(submitted.approval)).status == "approved"
    await house.perform(submitted.effect)
    assert await house.done_at_the_edge(submitted.effect) == 1
    types = [entry["type"] for entry in await house.entries("approval")]
    assert types == ["approval.requested", "approval.vote", "approval.conditions_met"]


@pytest.mark.parametrize(
    ("load_test", "status", "stands"), [("passed", "approved", "counts"), ("failed", "open", "void")]
)
async def test_a_condition_is_looked_at_when_it_is_said(
    house: House, load_test: str, status: str, stands: str
) -> None:
    submitted = await house.submit(deploy(**PRODUCTION, load_test=load_test), by="david")
    await house.vote(submitted.approval, "nathan", conditions=(LOAD,))
    row = await house.approval(submitted.approval)
    assert (row.status, state_of(row).votes[0].stands) == (status, stands)


async def test_the_requester_takes_back_what_waits_for_a_condition(house: House) -> None:
    submitted = await house.submit(deploy(**PRODUCTION), by="david")
    await house.vote(submitted.approval, "nathan", conditions=(LOAD,))
    async with house.database.transaction(house.tenant) as tx:
        david = await person_by_id(tx, "david")
        assert await take_back(tx, house.gate, submitted.approval or "", person=david, turn=None) is None
    assert (await house.effect(submitted.effect)).state == "withdrawn"


async def test_whose_word_a_condition_waits_for_is_asked(house: House) -> None:
    submitted = await house.submit(deploy(**PRODUCTION), by="david")
    await house.vote(submitted.approval, "nathan", conditions=(approves("tom"),))
    assert "tom" in state_of(await house.approval(submitted.approval)).asked
    assert isinstance((await house.vote(submitted.approval, "tom")).answer, Consented)
    await house.perform(submitted.effect)
    assert await house.done_at_the_edge(submitted.effect) == 1


async def test_the_cost_of_a_list_is_the_sum_of_its_actions(house: House) -> None:
    submitted = await house.submit(scale("1500", service="orders"), by="david")
    under = (Condition("cost", "<", Decimal(2000)),)
    assert isinstance((await house.vote(submitted.approval, "nathan", conditions=under)).answer, Approved)
    more = await house.submit(scale("2500", service="search"), by="david")
    assert isinstance((await house.vote(more.approval, "nathan", conditions=under)).answer, Conditional)


async def _freeze(house: House) -> None:
    async with house.database.transaction(house.tenant) as tx:
        roles = frozenset({Role.COMPLIANCE_OFFICER})
        lay(tx, "freeze", "deployments", subject="", reason="leak", by="carlos", roles=roles, at=house.now)


async def _thaw(house: House) -> None:
    async with house.database.transaction(house.tenant) as tx:
        end((await standing_rows(tx, "freeze"))[0], "carlos", house.now)
        await release_held(tx)


async def test_a_condition_on_a_freeze_is_looked_at_again(house: House) -> None:
    submitted = await house.submit(scale("1500"), by="david")
    await _freeze(house)
    await house.vote(submitted.approval, "nathan", conditions=(NOT_FROZEN,))
    assert (await house.approval(submitted.approval)).status == "open"
    await _thaw(house)
    await house.look(submitted.approval)
    assert (await house.approval(submitted.approval)).status == "approved"


async def test_a_condition_that_ended_before_the_effect_withdraws_it(house: House) -> None:
    soon = Condition("time", "<", house.now + timedelta(hours=2))
    not_in_incident = Condition("window_open", "is", ("false",), "incident")
    submitted = await house.submit(deploy(**PRODUCTION), by="david")
    await house.vote(submitted.approval, "nathan", conditions=(soon, not_in_incident))
    assert (await house.approval(submitted.approval)).status == "approved"
    house.later(hours=3)
    await house.perform(submitted.effect)
    row = await house.effect(submitted.effect)
    assert row.state == "withdrawn"
    assert "on a condition that failed: “it is before" in (row.held or "")
    assert await house.done_at_the_edge(submitted.effect) == 0


async def test_a_condition_that_does_not_hold_any_more_holds_it_back_until_somebody_approves_without(
    house: House,
) -> None:
    not_frozen = Condition("frozen", "is", ("false",), "search")
    submitted = await house.submit(deploy(**PRODUCTION), by="david")
    await house.vote(submitted.approval, "nathan", conditions=(not_frozen,))
    async with house.database.transaction(house.tenant) as tx:
        roles = frozenset({Role.COMPLIANCE_OFFICER})
        lay(tx, "freeze", "service", subject="search", reason="leak", by="carlos", roles=roles, at=house.now)
    await house.perform(submitted.effect)
    row = await house.effect(submitted.effect)
    assert (row.state, row.held) == (
        "held",
        "It was approved on a condition that does not hold now: “search is not frozen”.",
    )
    assert isinstance((await house.vote(submitted.approval, "nathan")).answer, Approved)
    await house.perform(submitted.effect)
    assert await house.done_at_the_edge(submitted.effect) == 1
    assert await house.kinds(submitted.effect) == ["intent", "outcome"]
