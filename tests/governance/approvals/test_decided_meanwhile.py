"""What another transaction decided between a look and the lock counts; nothing is set going a second time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from governance.action import Verdict
from governance.actions.delegation import delegate, end_delegation
from governance.actions.overruling import overrule_agent
from governance.approvals.decision import AlreadyDecided, Approved, Recorded
from governance.approvals.emergency import go_past
from governance.approvals.store import approval_row
from governance.approvals.voting import TamperedApproval, vote
from governance.directory import person_by_id
from governance.overrides.rows import lay
from governance.people import Actor, Role
from governance.tables import DelegationRow
from tests.governance.edge_actions import deploy
from tests.governance.house import AGENT, House

PRODUCTION = {"environment": "production"}


async def test_a_vote_sees_what_was_decided_after_its_transaction_had_looked(house: House) -> None:
    asked = await house.submit(deploy(**PRODUCTION), by="david")
    async with house.database.transaction(house.tenant) as tx:
        assert (await approval_row(tx, asked.approval or "")).status == "open"
        assert isinstance((await house.vote(asked.approval, "nathan")).answer, Approved)
        late = await vote(
            tx,
            house.gate,
            asked.approval or "",
            person=await person_by_id(tx, "ingrid"),
            identity="console:ingrid",
            choice="deny",
        )
    assert isinstance(late.answer, AlreadyDecided)
    assert (await house.approval(asked.approval)).status == "approved"
    await house.perform(asked.effect)
    assert (await house.kinds(asked.effect)) == ["intent", "outcome"]


async def test_what_an_emergency_set_going_is_not_set_going_again_by_the_vote(house: House) -> None:
    actions = [deploy(**PRODUCTION, service=service) for service in ("orders", "billing")]
    orders, billing = await house.submit_all(actions, by="david")
    async with house.database.transaction(house.tenant) as tx:
        lay(
            tx,
            "emergency",
            "deployment",
            subject="edge.deploy orders",
            reason="checkout is down",
            by="nathan",
            roles=frozenset({Role.SRE_LEAD}),
            at=house.now,
            expires=house.now + timedelta(hours=1),
            review_due=house.now + timedelta(hours=24),
        )
    async with house.database.transaction(house.tenant) as tx:
        by = Actor("person", "nathan")
        ruled = await go_past(tx, house.gate, orders.approval or "", by=by, why="checkout is down")
    assert [ruling.verdict for _, ruling in ruled] == [Verdict.EXECUTE, Verdict.APPROVE_FIRST]
    await house.perform(orders.effect)
    assert isinstance((await house.vote(orders.approval, "nathan")).answer, Approved)
    await house.perform(orders.effect, billing.effect)
    for each in (orders, billing):
        assert await house.done_at_the_edge(each.effect) == 1
        assert await house.kinds(each.effect) == ["intent", "outcome"]


async def test_a_vote_on_tampered_actions_leaves_the_approval_as_it_was(house: House) -> None:
    """Even where the caller goes on with its transaction."""
    asked = await house.submit(deploy(**PRODUCTION), by="david")
    await house.sql("""UPDATE effects SET body = jsonb_set(body, '{version}', '"666"')""")
    async with house.database.transaction(house.tenant) as tx:
        nathan = await person_by_id(tx, "nathan")
        with pytest.raises(TamperedApproval):
            await vote(tx, house.gate, asked.approval or "", person=nathan, identity=None, choice="approve")
    assert (await house.approval(asked.approval)).status == "open"
    assert [entry["type"] for entry in await house.entries("approval")] == ["approval.requested"]


async def test_an_approval_closes_when_nothing_of_it_waits_any_more(house: House) -> None:
    asked = await house.submit(deploy(**PRODUCTION), by=AGENT)
    overruled = overrule_agent(asked.effect, "deployments", "edge.deploy orders", "not this one")
    await house.submit(overruled, by="amanda")
    assert (await house.approval(asked.approval)).status == "withdrawn"
    assert await house.notices("approval_closed"), "its cards lose their buttons"
    assert isinstance((await house.vote(asked.approval, "ingrid")).answer, AlreadyDecided)


async def test_of_a_list_the_rest_is_still_asked_for(house: House) -> None:
    actions = [deploy(**PRODUCTION, service=service) for service in ("orders", "billing")]
    orders, billing = await house.submit_all(actions, by=AGENT)
    overruled = overrule_agent(orders.effect, "deployments", "edge.deploy orders", "not this one")
    await house.submit(overruled, by="amanda")
    assert (await house.approval(orders.approval)).status == "open"
    assert isinstance((await house.vote(orders.approval, "ingrid")).answer, Approved)
    await house.perform(orders.effect, billing.effect)
    assert [await house.done_at_the_edge(each.effect) for each in (orders, billing)] == [0, 1]


async def _handed_over(house: House) -> None:
    ends = house.now + timedelta(hours=8)
    await house.submit(delegate("nathan", "carlos", house.now, ends, "at the dentist's"), by="nathan")
    house.later(minutes=1)


async def _taken_back(house: House) -> None:
    async with house.database.transaction(house.tenant) as tx:
        (row,) = (await tx.execute(DelegationRow.__table__.select())).all()
        action = end_delegation(DelegationRow(**row._mapping), "back already")
    await house.submit(action, by="nathan")


async def test_votes_cast_under_a_delegation_that_was_taken_back_stop_counting(house: House) -> None:
    await _handed_over(house)
    asked = await house.submit(deploy(**PRODUCTION), by="david")
    assert isinstance((await house.vote(asked.approval, "carlos")).answer, Approved)
    await _taken_back(house)
    await house.perform(asked.effect)
    row = await house.effect(asked.effect)
    assert (row.state, await house.done_at_the_edge(asked.effect)) == ("withdrawn", 0)
    assert "a role or delegation was taken away" in (row.held or "")


async def test_votes_cast_under_a_delegation_that_ran_its_course_count(house: House) -> None:
    await _handed_over(house)
    asked = await house.submit(deploy(**PRODUCTION), by="david")
    assert isinstance((await house.vote(asked.approval, "carlos")).answer, Approved)
    house.later(hours=9)
    await house.perform(asked.effect)
    assert (await house.effect(asked.effect)).state == "done"


async def test_a_delegation_that_was_taken_back_before_another_took_its_place_does_not_count_against_it(
    house: House,
) -> None:
    await _handed_over(house)
    await _taken_back(house)
    await _handed_over(house)
    asked = await house.submit(deploy(**PRODUCTION), by="david")
    answer = (await house.vote(asked.approval, "carlos")).answer
    assert isinstance(answer, Approved | Recorded)
    await house.perform(asked.effect)
    assert (await house.effect(asked.effect)).state == "done"
