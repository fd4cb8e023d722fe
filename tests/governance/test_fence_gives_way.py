"""A halt is not kept waiting: not by what agents propose, and not by a claim whose process hangs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text

from governance import fence
from governance.action import Action, Verdict
from governance.effects import Origin
from governance.fence import GaveWay
from governance.overrides.halting import halt
from governance.people import Role
from tests.governance.edge_actions import WHY, Meet, deploy
from tests.governance.house import AGENT, House

A_SECOND = 1.0
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND NOT granted"


async def _halt(house: House) -> None:
    async with house.database.transaction(house.tenant) as tx:
        roles = frozenset({Role.ENGINEERING_DIRECTOR})
        await halt(tx, by="amanda", identity="console:amanda", roles=roles, reason="a test", at=house.now)


@asynccontextmanager
async def _hanging(house: House) -> AsyncIterator[asyncio.Task[None]]:
    """A transaction that holds the fence and does nothing, until the block ends."""
    holds, end = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        async with house.database.transaction(house.tenant) as tx:
            await fence.hold(tx)
            holds.set()
            await end.wait()
            await tx.execute(text("SELECT 1"))

    task = asyncio.create_task(hang())
    await holds.wait()
    yield task
    end.set()
    await asyncio.wait([task])


async def test_a_halt_comes_within_a_second_while_a_transaction_hangs(house: House) -> None:
    async with _hanging(house) as hangs:
        await asyncio.wait_for(_halt(house), A_SECOND)
    failure = hangs.exception()
    assert failure is not None
    assert fence.gave_way(failure)  # type: ignore[arg-type]


async def test_a_claim_that_hangs_fails_by_name_and_does_nothing_when_it_is_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted = await house.submit(deploy())
    await house.number()
    looked, end = asyncio.Event(), asyncio.Event()
    what_stops = house.performer._what_stops

    async def hang(*about: Any) -> Any:
        looked.set()
        await end.wait()
        return await what_stops(*about)

    monkeypatch.setattr(house.performer, "_what_stops", hang)
    claim = asyncio.create_task(house.performer.perform(house.tenant, submitted.effect))
    await looked.wait()
    await asyncio.wait_for(_halt(house), A_SECOND)
    end.set()
    with pytest.raises(GaveWay):
        await claim
    await house.perform(submitted.effect)
    assert (await house.effect(submitted.effect)).state == "held"
    assert await house.done_at_the_edge(submitted.effect) == 0


async def test_who_waits_behind_a_halt_is_not_ended_by_it(house: House) -> None:
    effects = [(await house.submit(deploy(version=str(number)))).effect for number in range(4)]
    await house.number()
    async with _hanging(house):
        halting = asyncio.create_task(_halt(house))
        while not await house.sql_scalar(WAITING):
            pass
        await asyncio.gather(house.perform(*effects), halting)
    assert {(await house.effect(effect)).state for effect in effects} <= {"held", "done"}


@pytest.mark.parametrize(
    ("environment", "verdict"), [("staging", Verdict.EXECUTE), ("production", Verdict.APPROVE_FIRST)]
)
async def test_what_an_agent_proposes_does_not_hold_the_fence(
    house: House, environment: str, verdict: Verdict
) -> None:
    async with house.database.transaction(house.tenant) as tx:
        action = deploy(environment=environment)
        submitted = await house.gate.submit(tx, action, actor=AGENT, origin=Origin())
        await asyncio.wait_for(_halt(house), A_SECOND)
        assert submitted.ruling.verdict is verdict
    await house.perform(submitted.effect)
    assert (await house.effect(submitted.effect)).state in ("held", "parked")


async def test_a_change_that_an_agent_makes_comes_before_a_halt_or_not_at_all(house: House) -> None:
    meeting: Action = Meet(**WHY)
    async with house.database.transaction(house.tenant) as tx:
        roles = frozenset({Role.ENGINEERING_DIRECTOR})
        await halt(tx, by="amanda", identity="console:amanda", roles=roles, reason="a test", at=house.now)
        making = asyncio.create_task(house.submit(meeting))
        done, _ = await asyncio.wait([making], timeout=0.2)
        assert done == set(), "it waits for the halt that is under way"
    submitted = await making
    assert submitted.ruling.rule == "halt"
    assert submitted.outcome is None
    assert (await house.effect(submitted.effect)).state == "refused"
