"""Waits: what they keep between looks, what they leave free, and how they are told from outside."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from agents.work import runs
from agents.work.kinds import NewStep
from agents.work.tables import StepRow
from governance.effects import Origin
from governance.people import Actor
from governance.tables import EffectRow
from tests.agents.work.conftest import Engine, Outside
from tests.agents.work.kinds import KINDS
from tests.governance.edge_actions import Deploy

NATHAN = Actor("person", "nathan", identity="console:nathan")


async def _tell(engine: Engine, run: str, key: str) -> bool:
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        return await runs.answer(tx, run, key, {"said": "go on"}, datetime.now(UTC))


async def test_a_wait_is_told_from_outside_and_its_run_goes_on(engine: Engine) -> None:
    run = await engine.begin(engine.step("wait", "told", seconds=600), engine.step("then", "plain", "wait"))
    await engine.round(run)
    assert await engine.states(run) == {"wait": "asleep", "then": "waiting"}
    assert await _tell(engine, run, "wait")
    assert not await _tell(engine, run, "wait"), "it waits no more"
    await engine.until_over(run)
    wait, then = await engine.rows(run)
    assert (wait.state, wait.result) == ("done", {"said": "go on"})
    assert then.result == {"noted": "then", "before": ["wait"]}


async def test_a_look_leaves_what_it_saw_to_the_next(engine: Engine) -> None:
    run = await engine.begin(engine.step("wait", "told"))
    for looks in (1, 2, 3):
        await engine.advance(run)
        await engine.executor.do(engine.house.tenant, run, "wait")
        (row,) = await engine.rows(run)
        assert (row.cursor, row.detail) == ({"looked": looks, "runs": 1}, f"{looks} looks")


async def test_what_sleeps_or_waits_for_votes_keeps_nobody_waiting(engine: Engine) -> None:
    engine.pools.update(waits=1, effects=1)
    asleep = await engine.begin(engine.step("wait", "told", seconds=600))
    asking = await engine.begin(engine.step("ship", "deploy", environment="production"))
    await engine.round(asleep, asking)
    assert await engine.states(asking) == {"ship": "submitted"}
    other = await engine.begin(engine.step("wait", "told", seconds=600), engine.step("ship", "deploy"))
    await engine.round(other)
    await engine.round(other)
    assert await engine.states(other) == {"wait": "asleep", "ship": "done"}


async def test_a_run_goes_on_from_an_action_that_was_submitted_before_it(engine: Engine) -> None:
    action = Deploy(
        service="orders",
        environment="staging",
        rationale="Asked for.",
        impact="One service.",
        rollback_plan="Roll back.",
    )
    run = runs.new_id()
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        submitted = await engine.house.gate.submit(tx, action, actor=NATHAN, origin=Origin(run=run))
        first = NewStep("ship", "deploy", "Ship", effect=submitted.effect)
        steps = (first, engine.step("then", "plain", "ship"))
        await runs.begin(tx, KINDS, "test", "A test", steps, requester="nathan", id=run)
    await engine.until_over(run)
    assert await engine.states(run) == {"ship": "done", "then": "done"}
    assert len(await engine.house.entries("intent")) == 1


async def test_what_a_begun_action_started_is_ended_once_it_is_known(engine: Engine, outside: Outside) -> None:
    run = await engine.begin(
        engine.step("ship", "deploy"),
        engine.step("wait", "outside", "ship", url=outside.url),
        engine.step("then", "note", "ship"),
    )
    await engine.advance(run)
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        effect = (await runs.steps_of(tx, run))[0].effect or ""
        await tx.execute(update(EffectRow).where(EffectRow.id == effect).values(state="claimed"))
        await runs.cancel(tx, run, "Not needed any more.", datetime.now(UTC), by=NATHAN)
    await engine.advance(run)
    assert await engine.states(run) == {"ship": "submitted", "wait": "waiting", "then": "waiting"}
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        await tx.execute(update(EffectRow).where(EffectRow.id == effect).values(state="ready"))
    await engine.house.perform(effect)
    await engine.advance(run)
    await engine.executor.do(engine.house.tenant, run, "wait")
    assert outside.cancelled == [f"{run}:wait"]
    assert await engine.states(run) == {"ship": "done", "wait": "cancelled", "then": "cancelled"}


@pytest.mark.parametrize("kind", ["hangs", "hangs_at_start"])
async def test_a_look_that_hangs_is_given_up_and_asked_again(engine: Engine, kind: str) -> None:
    run = await engine.begin(engine.step("wait", kind))
    await engine.advance(run)
    async with asyncio.timeout(60):
        await engine.executor.do(engine.house.tenant, run, "wait")
    (row,) = await engine.rows(run)
    assert (row.state, row.detail) == (
        "asleep",
        "There was no answer within 0.2 seconds. It is asked again.",
    )
    await engine.executor.do(engine.house.tenant, run, "wait")
    (row,) = await engine.rows(run)
    assert (row.state, row.result) == ("done", {"came": True})
    assert len(engine.lines()) == 1, "it was started once"


@pytest.mark.parametrize(
    ("kind", "args"), [("hangs", {"own_limit": True}), ("fail", {"times": 1, "late": True})]
)
async def test_a_limit_of_a_steps_own_is_a_failure_that_is_tried_again(
    engine: Engine, kind: str, args: dict[str, Any]
) -> None:
    run = await engine.begin(engine.step("a", kind, **args))
    await engine.advance(run)
    await engine.executor.do(engine.house.tenant, run, "a")
    (row,) = await engine.rows(run)
    assert (row.state, row.detail) == ("waiting", "Something went wrong (TimeoutError). It is tried again.")


@pytest.mark.parametrize("why", ["its place is taken", "it failed once"])
async def test_a_cancelled_run_ends_what_its_action_started_though_nobody_is_at_it(
    engine: Engine, outside: Outside, why: str
) -> None:
    engine.pools["waits"] = 0
    run = await engine.begin(
        engine.step("ship", "deploy"),
        engine.step("wait", "outside", "ship", url=outside.url),
        engine.step("b", "note", "wait"),
    )
    await engine.round(run)
    await engine.advance(run)
    assert await engine.states(run) == {"ship": "done", "wait": "waiting", "b": "waiting"}
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        if why == "it failed once":
            await tx.execute(update(StepRow).where(StepRow.key == "ship").values(effect=None))
            await tx.execute(update(StepRow).where(StepRow.key == "wait").values(attempt=1))
        await runs.cancel(tx, run, "Not needed any more.", datetime.now(UTC), by=NATHAN)
    await engine.advance(run)
    await engine.executor.do(engine.house.tenant, run, "wait")
    assert outside.cancelled == [f"{run}:wait"]
    assert await engine.states(run) == {"ship": "done", "wait": "cancelled", "b": "cancelled"}
