"""A newer proposal takes the place of one that was approved already and not carried out yet."""

from __future__ import annotations

import asyncio

from governance.approvals.decision import Status, Superseded, supersede
from governance.approvals.store import approval_row, put_state, state_of
from governance.gate import Asking, Submitted
from tests.governance.edge_actions import deploy
from tests.governance.house import House


async def _asked(house: House, version: str, supersedes: str | None = None) -> Submitted:
    asking = Asking(title=f"release {version}", supersedes=supersedes)
    return await house.submit(deploy(environment="production", version=version), by="david", asking=asking)


async def test_what_was_approved_and_not_carried_out_is_not_carried_out(house: House) -> None:
    old = await _asked(house, "1")
    await house.vote(old.approval, "nathan")
    new = await _asked(house, "2", old.approval)
    await house.perform(old.effect)
    row = await house.effect(old.effect)
    assert row.state == "withdrawn"
    assert "Superseded by" in (row.held or "")
    assert await house.done_at_the_edge(old.effect) == 0
    assert await house.kinds(old.effect) == ["intent", "outcome"], "that nothing was done is on record too"
    assert (await house.approval(old.approval)).status == "superseded"
    assert isinstance((await house.vote(old.approval, "ingrid")).answer, Superseded)
    await house.vote(new.approval, "nathan")
    await house.perform(new.effect)
    assert await house.done_at_the_edge(new.effect) == 1


async def test_what_was_carried_out_stays_approved(house: House) -> None:
    old = await _asked(house, "1")
    await house.vote(old.approval, "nathan")
    await house.perform(old.effect)
    await _asked(house, "2", old.approval)
    assert (await house.approval(old.approval)).status == "approved"
    assert (await house.effect(old.effect)).state == "done"


async def test_of_a_list_only_what_was_not_begun_is_superseded(house: House) -> None:
    actions = [deploy(environment="production", version=version) for version in "12"]
    first, second = await house.submit_all(actions, by="david")
    await house.vote(first.approval, "nathan")
    await house.perform(first.effect)
    await _asked(house, "3", first.approval)
    await house.perform(second.effect)
    assert [(await house.effect(each.effect)).state for each in (first, second)] == ["done", "withdrawn"]
    assert (await house.approval(first.approval)).status == "superseded"
    entries = [entry["type"] for entry in await house.entries("approval") if entry["subject"] == first.approval]
    assert entries[-1] == "approval.superseded"


async def test_the_executor_itself_refuses_what_was_superseded(house: House) -> None:
    """Whatever the effect's row says: the approval behind it is looked at when it is claimed."""
    old = await _asked(house, "1")
    await house.vote(old.approval, "nathan")
    async with house.database.transaction(house.tenant) as tx:
        row = await approval_row(tx, old.approval or "", lock=True)
        put_state(row, supersede(state_of(row), "ap_newer", house.now))
    await house.perform(old.effect)
    row_of = await house.effect(old.effect)
    assert row_of.state == "withdrawn"
    assert row_of.held == "The approval was superseded by ap_newer, so what it asked for is not carried out."
    assert await house.done_at_the_edge(old.effect) == 0


async def test_a_retry_of_what_never_arrived_is_not_carried_out_either(house: House) -> None:
    """Its worker claimed it and died before the call; then the newer proposal came."""
    actions = [deploy(environment="production", version=version) for version in "12"]
    first, second = await house.submit_all(actions, by="david")
    await house.vote(first.approval, "nathan")
    await house.number()
    assert await house.performer._claim(house.tenant, first.effect) is not None
    await _asked(house, "3", first.approval)
    await house.perform(first.effect, second.effect)
    assert [(await house.effect(each.effect)).state for each in (first, second)] == ["withdrawn"] * 2
    assert await house.done_at_the_edge(first.effect) == 0


async def test_claims_and_a_newer_proposal_at_once_never_both_win(house: House) -> None:
    for round_ in range(10):
        old = await _asked(house, f"a{round_}")
        await house.vote(old.approval, "nathan")
        await house.number()
        await asyncio.gather(house.perform(old.effect), _asked(house, f"b{round_}", old.approval))
        await house.perform(old.effect)
        status, state = (await house.approval(old.approval)).status, (await house.effect(old.effect)).state
        assert (status, state) in {(Status.APPROVED, "done"), (Status.SUPERSEDED, "withdrawn")}
