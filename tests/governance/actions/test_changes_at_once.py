"""Two changes of our own rows at once: the second waits for the first, and sees what it did."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, OutcomeState
from governance.actions.delegation import delegate
from governance.actions.emergencies import allow_emergency_deployment
from governance.actions.windows import close_window, open_window
from governance.authority.policy import Policy
from governance.authority.policy_error import PolicyError
from governance.effects import Origin
from governance.gate import Submitted
from governance.overrides.sweep import sweep_overrides
from governance.people import Actor
from governance.policies import active_policy
from governance.standing import WindowMode
from governance.tables import PolicyRow
from tests.governance.house import House

LONG_ENOUGH_TO_WAIT = 0.5


async def _behind(first: AsyncSession, second: Awaitable[Submitted | int]) -> Submitted | int:
    """Let the second run into what the first has not committed yet; then commit."""
    waiting = asyncio.ensure_future(second)
    await asyncio.sleep(LONG_ENOUGH_TO_WAIT)
    await first.commit()
    return await waiting


async def _submit(house: House, tx: AsyncSession, action: Action, by: str) -> OutcomeState:
    actor = Actor("person", by, identity=f"console:{by}")
    (submitted,) = await house.gate.submit_all(tx, [action], actor=actor, origin=Origin())
    assert submitted.outcome is not None
    return submitted.outcome.state


async def _both(house: House, first: Action, by: str, second: Action, other: str) -> tuple[str, str]:
    async with house.database.transaction(house.tenant) as tx:
        one = await _submit(house, tx, first, by)
        two = await _behind(tx, house.submit(second, by=other))
    assert isinstance(two, Submitted)
    assert two.outcome is not None
    return one, two.outcome.state


async def test_nobody_hands_over_votes_that_are_handed_to_them_meanwhile(house: House) -> None:
    ends = house.now + timedelta(days=1)
    there = delegate("nathan", "amanda", house.now, ends, "away")
    on = delegate("amanda", "david", house.now, ends, "away too")
    assert await _both(house, there, "nathan", on, "amanda") == (OutcomeState.DONE, OutcomeState.FAILED)


async def test_a_window_is_ended_once(house: House) -> None:
    """One that is still to come is gone when the first has ended it."""
    starts = house.now + timedelta(hours=1)
    opened = await house.submit(
        open_window(WindowMode.AUDIT, starts, starts + timedelta(hours=1), "the auditors come"), by="carlos"
    )
    assert opened.outcome is not None
    close = close_window(opened.outcome.reference or "", WindowMode.AUDIT, "they do not come")
    assert await _both(house, close, "carlos", close, "amanda") == (OutcomeState.DONE, OutcomeState.FAILED)


async def test_an_overdue_review_is_told_once_by_two_sweeps_at_once(house: House) -> None:
    await house.submit(allow_emergency_deployment("orders", "2.3.1", "checkout is down"), by="nathan")
    house.later(hours=25)

    async def other() -> int:
        async with house.database.transaction(house.tenant) as tx:
            return await sweep_overrides(tx, house.now)

    async with house.database.transaction(house.tenant) as tx:
        assert await sweep_overrides(tx, house.now) == 1
        assert await _behind(tx, other()) == 0
    assert len(await house.notices("emergency_review_due")) == 1


async def test_accepted_policies_of_two_companies_are_kept_apart(house: House) -> None:
    """Their rows' ids are each company's own."""
    other = f"{house.tenant}o"
    async with house.database.untenanted() as tx:
        await tx.execute(text("INSERT INTO tenants (id, name) VALUES (:id, :id)"), {"id": other})
    policies = []
    for tenant, written in ((house.tenant, house.gate.policy.text), (other, "nonsense")):
        async with house.database.transaction(tenant) as tx:
            tx.add(PolicyRow(id="po_1", version="v", text_=written, accepted=house.now))
            await tx.flush()
            policies.append(await active_policy(tx, house.gate.policy))
    assert [type(policy) for policy in policies] == [Policy, PolicyError]
