"""An approval's clock: reminders, the next role, the end, and clocks that are wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest

from governance.approvals.decision import AlreadyDecided, Approved, Expired
from governance.approvals.store import state_of
from governance.approvals.voting import take_back
from governance.directory import person_by_id
from tests.governance.edge_actions import deploy
from tests.governance.house import House

PRODUCTION = {"environment": "production"}


async def _told(house: House, kind: str) -> list[str]:
    return sorted(person for notice in await house.notices(kind) for person in notice.people)


async def test_first_asked_then_reminded_then_the_next_roles_then_it_expires(house: House) -> None:
    submitted = await house.submit(deploy(**PRODUCTION), by="david")
    deadlines = state_of(await house.approval(submitted.approval)).deadlines
    assert state_of(await house.approval(submitted.approval)).asked == {"ingrid", "nathan"}

    house.now = deadlines.remind - timedelta(seconds=1)
    await house.look(submitted.approval)
    assert await _told(house, "approval_reminder") == []

    house.now = deadlines.remind
    for _ in range(2):
        await house.look(submitted.approval)
    assert await _told(house, "approval_reminder") == ["ingrid", "nathan"]

    house.now = deadlines.ask_next[0]
    for _ in range(2):
        await house.look(submitted.approval)
    assert await _told(house, "approval_escalated") == ["amanda", "leila"]

    house.now = deadlines.ask_next[1]
    await house.look(submitted.approval)
    assert await _told(house, "approval_escalated") == ["amanda", "leila", "priya"], "never the requester"

    house.now = deadlines.expires
    for _ in range(2):
        await house.look(submitted.approval)
    assert (await house.approval(submitted.approval)).status == "expired"
    assert (await house.effect(submitted.effect)).state == "withdrawn"
    ended = [entry["type"] for entry in await house.entries("approval")]
    assert ended.count("approval.expired") == 1
    assert isinstance((await house.vote(submitted.approval, "nathan")).answer, Expired)
    assert await house.done_at_the_edge(submitted.effect) == 0


async def test_a_look_is_queued_for_each_moment_once(house: House) -> None:
    submitted = await house.submit(deploy(**PRODUCTION), by="david")
    for _ in range(3):
        await house.look(submitted.approval)
    assert len(await house.jobs("approval_due")) == 1


@pytest.mark.parametrize("by_whom", ["a vote", "taking it back"])
async def test_whoever_finds_it_expired_first_ends_it_properly(house: House, by_whom: str) -> None:
    submitted = await house.submit(deploy(**PRODUCTION), by="david")
    house.now = state_of(await house.approval(submitted.approval)).deadlines.expires
    if by_whom == "a vote":
        assert isinstance((await house.vote(submitted.approval, "nathan")).answer, Expired)
    else:
        async with house.database.transaction(house.tenant) as tx:
            david = await person_by_id(tx, "david")
            assert submitted.approval is not None
            answer = await take_back(tx, house.gate, submitted.approval, person=david, turn=None)
            assert isinstance(answer, Expired)
    assert (await house.approval(submitted.approval)).status == "expired"
    assert (await house.effect(submitted.effect)).state == "withdrawn"
    assert [entry["type"] for entry in await house.entries("approval")].count("approval.expired") == 1
    assert await house.notices("approval_closed") != []


async def test_a_clock_that_goes_backwards_neither_reopens_nor_repeats(house: House) -> None:
    submitted = await house.submit(deploy(**PRODUCTION), by="david")
    deadlines = state_of(await house.approval(submitted.approval)).deadlines
    house.now = deadlines.remind
    await house.look(submitted.approval)
    house.now -= timedelta(days=3)
    await house.look(submitted.approval)
    assert await _told(house, "approval_reminder") == ["ingrid", "nathan"]
    assert isinstance((await house.vote(submitted.approval, "nathan")).answer, Approved)
    house.now -= timedelta(days=3)
    assert isinstance((await house.vote(submitted.approval, "ingrid", "deny")).answer, AlreadyDecided)
    await house.perform(submitted.effect)
    assert (await house.effect(submitted.effect)).state == "done"
    assert await house.done_at_the_edge(submitted.effect) == 1


async def test_an_expired_approval_stays_expired_when_the_clock_goes_back(house: House) -> None:
    submitted = await house.submit(deploy(**PRODUCTION), by="david")
    house.now = state_of(await house.approval(submitted.approval)).deadlines.expires
    await house.look(submitted.approval)
    house.now -= timedelta(days=1)
    await house.look(submitted.approval)
    assert isinstance((await house.vote(submitted.approval, "nathan")).answer, Expired)
    assert (await house.effect(submitted.effect)).state == "withdrawn"
