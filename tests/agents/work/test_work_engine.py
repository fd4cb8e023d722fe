"""Runs and steps: in order, side by side, within limits; waited for, tried again, stopped, done once."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from agents.work import runs
from agents.work.executor import Executor
from agents.work.kinds import NewStep
from agents.work.scheduler import Scheduler
from agents.work.tables import RunRow, StepLockRow, StepRow
from governance.actions.freezing import lay_freeze
from governance.actions.halting import halt_agents
from governance.people import Actor
from governance.standing import FreezeKind
from tests.agents.work.conftest import Engine, Outside
from tests.agents.work.kinds import KINDS, no_ports

NATHAN = Actor("person", "nathan", identity="console:nathan")
AMANDA = Actor("person", "amanda", identity="console:amanda")


async def test_steps_come_after_what_they_depend_on_and_are_given_its_results(engine: Engine) -> None:
    run = await engine.begin(
        engine.step("c", "note", "a", "b"), engine.step("a"), engine.step("b", "note", "a")
    )
    await engine.until_over(run)
    assert engine.lines() == ["a", "b", "c"]
    results = {row.key: row.result for row in await engine.rows(run)}
    assert results["c"] == {"noted": "c", "before": ["a", "b"]}
    assert (await engine.run(run)).state == "done"


async def test_a_circle_is_refused_before_anything_begins(engine: Engine) -> None:
    with pytest.raises(runs.InACircle, match="a, b"):
        await engine.begin(engine.step("a", "note", "b"), engine.step("b", "note", "a"))


async def test_ready_steps_run_side_by_side_within_their_pools_limit(engine: Engine) -> None:
    engine.pools["work"] = 2
    run = await engine.begin(*(engine.step(f"s{number}") for number in range(5)))
    await engine.advance(run)
    states = await engine.states(run)
    assert sorted(states.values()) == ["running", "running", "waiting", "waiting", "waiting"]
    blocked = {row.blocked for row in await engine.rows(run) if row.state == "waiting"}
    assert blocked == {"all places for work are taken"}
    await engine.until_over(run)
    assert sorted(engine.lines()) == [f"s{number}" for number in range(5)]


async def test_two_runs_do_not_touch_the_same_thing_at_once_and_do_not_block_each_other(engine: Engine) -> None:
    one = await engine.begin(engine.step("a", locks=("service:orders", "service:cart")))
    two = await engine.begin(engine.step("b", locks=("service:cart", "service:orders")))
    await engine.advance(one)
    await engine.advance(two)
    assert await engine.states(one) == {"a": "running"}
    (waiting,) = await engine.rows(two)
    assert (waiting.state, waiting.blocked) == ("waiting", "another step works on service:cart")
    await engine.until_over(one, two)
    assert sorted(engine.lines()) == ["a", "b"]
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        assert (await tx.execute(StepLockRow.__table__.select())).all() == []


async def test_steps_are_added_by_the_end_of_another_once(engine: Engine) -> None:
    run = await engine.begin(engine.step("a", more=2))
    await engine.until_over(run)
    assert sorted(engine.lines()) == ["a", "a+0", "a+1"]


async def test_what_fails_is_tried_again_and_then_stops_what_depends_on_it(engine: Engine) -> None:
    run = await engine.begin(
        engine.step("twice", "fail", times=2),
        engine.step("then", "note", "twice"),
        engine.step("never", "fail", for_good=True),
        engine.step("after", "note", "never"),
        engine.step("softly", "fail_softly", for_good=True),
        engine.step("anyway", "note", "softly"),
    )
    await engine.until_over(run)
    rows = {row.key: row for row in await engine.rows(run)}
    assert rows["twice"].result == {"attempt": 3}
    assert (rows["never"].state, rows["never"].detail) == ("failed", "The report has no rows.")
    assert (rows["after"].state, rows["after"].detail) == ("left", "It needs “never”, which was not done.")
    assert (rows["softly"].state, rows["anyway"].state) == ("failed", "done")
    ended = await engine.run(run)
    assert (ended.state, ended.why) == ("failed", "The report has no rows.")


async def test_something_outside_is_started_once_polled_and_waited_for(
    engine: Engine, outside: Outside
) -> None:
    run = await engine.begin(engine.step("wait", "outside", url=outside.url), engine.step("b", "note", "wait"))
    await engine.until_over(run)
    assert outside.started == [f"{run}:wait"]
    assert engine.lines() == ["b"]


async def test_a_worker_that_died_before_it_kept_what_it_started_starts_it_no_second_time(
    engine: Engine, outside: Outside
) -> None:
    run = await engine.begin(engine.step("wait", "outside", url=outside.url))
    await engine.advance(run)
    outside.jobs[f"{run}:wait"] = 2  # started by an attempt of which nothing was kept
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        await tx.execute(update(StepRow).values(worker="dead", attempt=1, lease=datetime.now(UTC)))
    assert await engine.sweep() == 1
    await engine.until_over(run)
    assert outside.started == []


@pytest.mark.parametrize("how", ["pause", "cancel", "freeze", "halt"])
async def test_long_work_is_cancelled_at_once_and_its_process_ends(engine: Engine, how: str) -> None:
    run = await engine.begin(engine.step("long", "process"), subject="service:orders")
    await engine.advance(run)
    doing = asyncio.create_task(engine.executor.do(engine.house.tenant, run, "long"))
    async with asyncio.timeout(60):
        while not (cursor := (await engine.rows(run))[0].cursor):  # noqa: ASYNC110 — the rows are the truth
            await asyncio.sleep(0.02)
    assert _is_alive(cursor["pid"])
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        if how == "pause":
            await runs.pause(tx, run, "Amanda paused it.")
        elif how == "cancel":
            await runs.cancel(tx, run, "Amanda cancelled it.", datetime.now(UTC), by=AMANDA)
    if how == "freeze":
        await engine.house.submit(lay_freeze(FreezeKind.SERVICE, "orders", "Something smells", None), NATHAN)
    if how == "halt":
        doing.cancel()  # what the watch of the fence does; see test_fence_watch.py
    async with asyncio.timeout(60):
        await asyncio.gather(doing, return_exceptions=True)
    if how != "halt":
        assert not _is_alive(cursor["pid"])
    (row,) = await engine.rows(run)
    assert row.state == {"cancel": "cancelled", "halt": "running"}.get(how, "waiting")
    if how in ("pause", "freeze"):
        assert (row.attempt, row.cursor) == (0, None), "it waits as if it had not been tried"
    else:
        _kill(cursor["pid"])


async def test_nothing_of_a_frozen_run_is_begun(engine: Engine, outside: Outside) -> None:
    await engine.house.submit(lay_freeze(FreezeKind.SERVICE, "orders", "Something smells", None), NATHAN)
    run = await engine.begin(
        engine.step("a"), engine.step("w", "outside", url=outside.url), subject="service:orders"
    )
    await engine.round(run)
    assert (engine.lines(), outside.started) == ([], [])
    assert {row.detail for row in await engine.rows(run)} == {"It is frozen: Something smells"}
    assert set((await engine.states(run)).values()) == {"waiting"}


async def test_what_takes_too_long_is_ended_and_says_so(engine: Engine) -> None:
    run = await engine.begin(engine.step("long", "too_long"))
    await engine.until_over(run)
    (row,) = await engine.rows(run)
    assert (row.state, row.detail) == ("failed", "It was not done after 0:00:00.300000.")
    assert row.cursor is not None
    assert not _is_alive(row.cursor["pid"])


async def test_a_cancelled_run_ends_what_it_waits_for_outside(engine: Engine, outside: Outside) -> None:
    outside.takes = 1000
    run = await engine.begin(engine.step("wait", "outside", url=outside.url), engine.step("b", "note", "wait"))
    await engine.round(run)
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        await runs.cancel(tx, run, "Not needed any more.", datetime.now(UTC), by=AMANDA)
    await engine.executor.do(engine.house.tenant, run, "wait")
    assert outside.cancelled == [f"{run}:wait"]
    assert await engine.states(run) == {"wait": "cancelled", "b": "cancelled"}


async def test_an_action_goes_through_the_gate_and_its_outcome_is_the_steps(engine: Engine) -> None:
    run = await engine.begin(engine.step("ship", "deploy"), engine.step("then", "note", "ship"))
    await engine.advance(run)
    assert await engine.states(run) == {"ship": "submitted", "then": "waiting"}
    await engine.until_over(run)
    assert await engine.states(run) == {"ship": "done", "then": "done"}
    effects = await engine.house.entries("intent", "outcome")
    assert len(effects) == 2


async def test_a_cancelled_run_withdraws_what_waits_for_its_approval(engine: Engine) -> None:
    run = await engine.begin(engine.step("ship", "deploy", environment="production"))
    await engine.advance(run)
    (row,) = await engine.rows(run)
    assert (row.state, row.effect is not None) == ("submitted", True)
    effect = await engine.house.effect(row.effect or "")
    assert effect.state == "parked"
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        await runs.cancel(tx, run, "Amanda cancelled it.", datetime.now(UTC), by=AMANDA)
    assert await engine.states(run) == {"ship": "cancelled"}
    assert (await engine.house.effect(effect.id)).state == "withdrawn"
    assert (await engine.house.approval(effect.approval)).status == "withdrawn"
    await engine.advance(run)
    assert ((await engine.run(run)).state, await engine.states(run)) == ("cancelled", {"ship": "cancelled"})


async def test_a_place_is_handed_on_without_a_look_at_the_whole_run(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.pools["work"] = 1
    run = await engine.begin(
        *(engine.step(f"s{n}", "plain") for n in range(4)), engine.step("last", "plain", "s1", "s2")
    )
    await engine.advance(run)
    looks = 0
    advance = Scheduler.advance_locked

    async def counted(self: Scheduler, tx: AsyncSession, row: RunRow, *, keep: bool = False) -> str | None:
        nonlocal looks
        looks += 1
        return await advance(self, tx, row, keep=keep)

    monkeypatch.setattr(Scheduler, "advance_locked", counted)
    await engine.executor.do(engine.house.tenant, run, "s0")
    assert engine.lines() == ["s0", "s1", "s2", "last", "s3"]
    assert looks == 1, "when the run was over"
    rows = {row.key: row for row in await engine.rows(run)}
    assert rows["last"].result == {"noted": "last", "before": ["s1", "s2"]}
    assert {(row.state, row.attempt, row.worker) for row in rows.values()} == {("done", 1, None)}
    assert (await engine.run(run)).state == "done"


async def test_a_place_goes_to_the_run_that_waits_longest(engine: Engine) -> None:
    engine.pools["work"] = 1
    ids = [await engine.begin(engine.step(key)) for key in ("a", "b", "c")]
    for run in ids:
        await engine.advance(run)
    await engine.executor.do(engine.house.tenant, ids[0], "a")
    assert engine.lines() == ["a", "b", "c"]
    assert [(await engine.run(run)).state for run in ids] == ["done"] * 3


@pytest.mark.parametrize("how", ["pause", "freeze"])
async def test_nothing_is_handed_on_in_a_run_that_was_stopped_meanwhile(engine: Engine, how: str) -> None:
    engine.pools["work"] = 1
    run = await engine.begin(
        engine.step("a", "plain", seconds=0.3), engine.step("b", "plain"), subject="service:orders"
    )
    await engine.advance(run)
    slow = Executor(
        engine.house.database, engine.scheduler, engine._agent_work, "slow", no_ports, beat_seconds=30
    )
    doing = asyncio.create_task(slow.do(engine.house.tenant, run, "a"))
    await asyncio.sleep(0.1)
    if how == "pause":
        async with engine.house.database.transaction(engine.house.tenant) as tx:
            await runs.pause(tx, run, "Amanda paused it.")
    else:
        await engine.house.submit(lay_freeze(FreezeKind.SERVICE, "orders", "Something smells", None), NATHAN)
    await doing
    assert engine.lines() == ["a"]
    assert await engine.states(run) == {"a": "done", "b": "waiting"}


async def test_a_card_is_edited_once_a_second_and_then_shows_what_came_meanwhile(engine: Engine) -> None:
    engine.pools["work"] = 1
    place = {"platform": "console", "channel": "eng", "thread": "t", "audience": "department"}
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        steps = [engine.step(f"s{n}", "plain") for n in range(6)]
        run = (await runs.begin(tx, KINDS, "test", "A test", steps, requester="nathan", place=place)).id
    await engine.advance(run)
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        await tx.execute(
            update(StepRow).where(StepRow.key == "s5").values(wake=datetime.now(UTC) + timedelta(1))
        )
    engine.house.now = datetime.now(UTC)
    await engine.executor.do(engine.house.tenant, run, "s0")
    assert engine.lines() == [f"s{n}" for n in range(5)]
    shown = len(await engine.house.notices("run"))
    assert shown <= 2
    row = await engine.run(run)
    assert row.look_at is not None
    assert any(
        job == {"tenant": engine.house.tenant, "run": run} for job in await engine.house.jobs("advance_run")
    )
    engine.house.now = row.look_at
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        await engine.scheduler.advance(tx, run)
    assert len(await engine.house.notices("run")) == shown + 1


async def test_an_action_that_a_halt_stops_waits_and_is_not_refused_for_good(engine: Engine) -> None:
    await engine.house.submit(halt_agents("It looks wrong"), AMANDA)
    run = await engine.begin(engine.step("ship", "deploy"))
    await engine.advance(run)
    (row,) = await engine.rows(run)
    assert row.state == "waiting"
    assert row.wake is not None


async def test_the_same_step_is_done_by_one_of_many_workers(engine: Engine) -> None:
    run = await engine.begin(engine.step("a", seconds=0.2))
    await engine.advance(run)
    others = [Engine(engine.house, engine.journal, process=f"w{number}") for number in range(5)]
    await asyncio.gather(*(one.executor.do(engine.house.tenant, run, "a") for one in others))
    assert engine.lines() == ["a"]


async def test_a_paused_run_starts_nothing_until_it_is_taken_up_again(engine: Engine) -> None:
    run = await engine.begin(engine.step("a"))
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        await runs.pause(tx, run, "Amanda paused it.")
    await engine.round(run)
    assert engine.lines() == []
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        await runs.resume(tx, run)
    await engine.until_over(run)
    assert engine.lines() == ["a"]


async def test_failed_steps_can_be_tried_again_with_what_was_left(engine: Engine) -> None:
    run = await engine.begin(engine.step("a", "fail", times=3), engine.step("b", "note", "a"))
    await engine.until_over(run)
    assert await engine.states(run) == {"a": "failed", "b": "left"}
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        await tx.execute(update(StepRow).where(StepRow.key == "a").values(args={"times": 0}))
        await runs.try_again(tx, run)
    await engine.until_over(run)
    assert await engine.states(run) == {"a": "done", "b": "done"}


async def test_a_key_that_is_there_is_added_no_second_time(engine: Engine) -> None:
    run = await engine.begin(engine.step("a"))
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        row = await runs.run_for_update(tx, run)
        await runs.add_steps(tx, engine.scheduler.kinds, row, [NewStep("a", "note", "Another a")])
        assert [step.title for step in await runs.steps_of(tx, run)] == ["a"]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] != "Z"


def _kill(pid: int) -> None:
    if _is_alive(pid):
        os.killpg(pid, 9)
