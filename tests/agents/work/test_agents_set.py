"""Runs while their agent is paused, only suggests, or is set otherwise in the middle of a step."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from governance.action import Verdict
from governance.actions.agents import configure_agent
from governance.agent_settings import AgentSettings, configured
from governance.standing import Autonomy
from tests.agents.work.conftest import Engine

PAUSED = AgentSettings(paused=True, paused_why="it loops")


async def configure(engine: Engine, becomes: AgentSettings, agent: str = "sre") -> None:
    house = engine.house
    house.now = datetime.now(UTC)
    async with house.database.transaction(house.tenant) as tx:
        was = (await configured(tx, agent, house.now)).settings
    done = await house.submit(configure_agent(agent, was, becomes, "for the test"), "amanda")
    assert done.ruling.verdict is Verdict.EXECUTE
    assert done.outcome is not None
    assert done.outcome.state == "done", done.outcome.detail


async def state(engine: Engine, run: str, key: str) -> Any:
    return next(row for row in await engine.rows(run) if row.key == key)


async def due_again(engine: Engine, run: str) -> None:
    """Let the time pass for which a step that was put off waits."""
    for row in await engine.rows(run):
        if row.wake is not None:
            async with engine.house.database.transaction(engine.house.tenant) as tx:
                (await tx.merge(row)).wake = datetime.now(UTC)


async def test_a_paused_agents_step_is_not_begun_and_says_so(engine: Engine) -> None:
    await configure(engine, PAUSED)
    run = await engine.begin(engine.step("a"))
    await engine.round(run)
    row = await state(engine, run, "a")
    assert (row.state, row.detail) == (
        "waiting",
        "The SRE agent is paused by Amanda Reyes-Holt (it loops): this waits until somebody lets it go on.",
    )
    assert engine.lines() == []
    await configure(engine, AgentSettings())
    await due_again(engine, run)
    await engine.until_over(run)
    assert engine.lines() == ["a"]


async def test_a_pause_lets_a_step_end_and_keeps_the_next_waiting_also_where_a_place_is_handed_on(
    engine: Engine, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    run = await engine.begin(
        engine.step("a", "until_told", told=str(told)),
        engine.step("b", "plain", "a"),
        engine.step("c", "plain", "b"),
    )
    await engine.advance(run)
    doing = asyncio.create_task(engine.executor.do(engine.house.tenant, run, "a"))
    await engine.until(run, lambda row: row.key == "a" and row.worker is not None)
    await configure(engine, PAUSED)
    told.touch()
    await doing
    await engine.round(run)
    assert await engine.states(run) == {"a": "done", "b": "waiting", "c": "waiting"}
    assert engine.lines() == []


async def test_an_agents_action_waits_while_it_is_paused_until_the_pause_ends_by_itself(engine: Engine) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=1)
    await configure(engine, AgentSettings(paused=True, paused_until=ends))
    run = await engine.begin(engine.step("a", "deploy"))
    await engine.advance(run)
    row = await state(engine, run, "a")
    assert row.state == "waiting"
    assert row.effect is None
    while datetime.now(UTC) <= ends:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    await due_again(engine, run)
    await engine.until_over(run)
    assert (await state(engine, run, "a")).state == "done"


async def test_a_step_is_taken_up_again_at_its_next_move_with_what_was_set(
    engine: Engine, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    run = await engine.begin(engine.step("a", "moves", moves=4, waits_after=2, told=str(told)))
    await engine.advance(run)
    doing = asyncio.create_task(engine.executor.do(engine.house.tenant, run, "a"))
    async with asyncio.timeout(30):
        while len(engine.lines()) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await configure(engine, PAUSED)
    told.touch()
    await doing
    row = await state(engine, run, "a")
    assert engine.lines() == ["a 1", "a 2"], "the third is not made"
    assert (row.state, row.attempt) == ("waiting", 0)
    assert "is paused by Amanda Reyes-Holt" in row.detail
    await configure(engine, AgentSettings(autonomy=Autonomy.ASK))
    await due_again(engine, run)
    await engine.until_over(run)
    assert engine.lines() == ["a 1", "a 2", "a 3", "a 4"]


async def test_another_agents_settings_stop_nothing(engine: Engine) -> None:
    await configure(engine, PAUSED, "architect")
    run = await engine.begin(engine.step("a"), engine.step("b", "deploy", "a"))
    await engine.until_over(run)
    assert set((await engine.states(run)).values()) == {"done"}


async def test_what_an_agent_only_suggests_is_shown_in_its_place_and_never_done(engine: Engine) -> None:
    await configure(engine, AgentSettings(autonomy=Autonomy.SUGGEST))
    before = await engine.house.edge.done()
    run = await engine.begin(
        engine.step("first"), engine.step("a", "deploy_or_show", "first"), engine.step("b", "note", "a")
    )
    await engine.until_over(run)
    assert await engine.states(run) == {"first": "done", "a": "left", "b": "left", "show:a:3": "done"}
    assert engine.lines() == ["first", "show:a:3"]
    assert (await engine.run(run)).state == "done"
    assert await engine.house.edge.done() == before
    (refused,) = await engine.house.entries("refusal")
    assert refused["approvals"]["verdict"] == "refuse"
    effect = await engine.house.effect((await state(engine, run, "a")).effect)
    assert effect.ruling["rule"] == "suggest"
    assert effect.ruling["why"].startswith(
        "The SRE agent only suggests, as Amanda Reyes-Holt set it (for the test)"
    )


async def test_what_was_asked_for_is_suggested_where_that_is_set_before_it_is_approved(engine: Engine) -> None:
    await configure(engine, AgentSettings(autonomy=Autonomy.ASK))
    before = await engine.house.edge.done()
    run = await engine.begin(engine.step("a", "deploy_or_show"))
    await engine.advance(run)
    asked = await engine.house.effect((await state(engine, run, "a")).effect)
    assert asked.state == "parked"
    await configure(engine, AgentSettings(autonomy=Autonomy.SUGGEST))
    await engine.house.vote(asked.approval, "amanda")
    await engine.house.perform(asked.id)
    await engine.until_over(run)
    assert await engine.states(run) == {"a": "left", "show:a:1": "done"}
    assert await engine.house.edge.done() == before


async def test_what_an_agent_asks_for_is_done_once_it_is_approved(engine: Engine) -> None:
    await configure(engine, AgentSettings(autonomy=Autonomy.ASK))
    run = await engine.begin(engine.step("a", "deploy"))
    await engine.advance(run)
    asked = await engine.house.effect((await state(engine, run, "a")).effect)
    await engine.house.vote(asked.approval, "amanda")
    await engine.house.perform(asked.id)
    await engine.until_over(run)
    assert await engine.states(run) == {"a": "done"}
