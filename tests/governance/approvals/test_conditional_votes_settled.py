"""Conditional votes: the later cases."""

from __future__ import annotations

import pytest

from governance.approvals.counting import decide, missing
from governance.approvals.decision import (
    Denied,
    Recorded,
)
from governance.approvals.store import state_of
from governance.approvals.voting import take_back
from governance.approvals.voting import vote as cast_vote
from governance.authority.conditions import Condition
from governance.directory import person_by_id
from tests.governance.approvals.polling import SCALING, opened
from tests.governance.approvals.test_conditional_votes import PASSED, PRODUCTION, TESTED, _freeze, _thaw, yes_if
from tests.governance.edge_actions import deploy
from tests.governance.house import House


@pytest.mark.parametrize("how", ["deny", "take back"])
async def test_what_is_held_back_is_denied_or_taken_back(house: House, how: str) -> None:
    submitted = await house.submit(deploy(**PRODUCTION), by="david")
    await house.vote(submitted.approval, "nathan")
    await _freeze(house)
    await house.perform(submitted.effect)
    assert (await house.effect(submitted.effect)).state == "held"
    if how == "deny":
        assert isinstance((await house.vote(submitted.approval, "amanda", "deny")).answer, Denied)
    else:
        async with house.database.transaction(house.tenant) as tx:
            david = await person_by_id(tx, "david")
            assert await take_back(tx, house.gate, submitted.approval or "", person=david, turn=None) is None
    await _thaw(house)
    await house.perform(submitted.effect)
    assert (await house.effect(submitted.effect)).state == "withdrawn"
    assert await house.done_at_the_edge(submitted.effect) == 0


async def test_what_is_under_way_is_not_decided_again(house: House) -> None:
    submitted = await house.submit(deploy(**PRODUCTION), by="david")
    await house.vote(submitted.approval, "nathan")
    await house.perform(submitted.effect)
    answer = (await house.vote(submitted.approval, "amanda", "deny")).answer
    assert type(answer).__name__ == "AlreadyDecided"


async def test_a_condition_on_a_fact_that_nobody_establishes_never_holds(house: House) -> None:
    submitted = await house.submit(deploy(**PRODUCTION, load_test="passed"), by="david")
    await house.vote(submitted.approval, "nathan", conditions=(Condition("done", "is", ("true",), "CARD-1"),))
    await house.look(submitted.approval)
    assert (await house.approval(submitted.approval)).status == "open"


async def test_why_it_was_denied_is_kept_for_whoever_asked(house: House) -> None:
    submitted = await house.submit(deploy(**PRODUCTION), by="david")
    async with house.database.transaction(house.tenant) as tx:
        nathan = await person_by_id(tx, "nathan")
        await cast_vote(
            tx,
            house.gate,
            submitted.approval or "",
            person=nathan,
            identity="console:nathan",
            choice="deny",
            words="deny it, wrong budget",
            reason="wrong budget",
        )
    assert state_of(await house.approval(submitted.approval)).reason == "wrong budget"
    assert (await house.effect(submitted.effect)).outcome["detail"] == "Denied by Nathan Adebayor: wrong budget"


def test_only_the_slots_of_the_rule_are_filled_by_who_set_conditions():
    state, answer = decide(opened(SCALING, "nathan"), yes_if("nathan", TESTED), PASSED)
    assert isinstance(answer, Recorded)
    assert len(missing(state)) == 1
