"""Whose a step is: leases by one clock, renewed while the database answers, and nothing ended for another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from agents.work.executor import Executor
from tests.agents.work.conftest import Engine
from tests.agents.work.kinds import no_ports

AN_HOUR = timedelta(hours=1)


def _late() -> datetime:
    return datetime.now(UTC) + AN_HOUR


def _early() -> datetime:
    return datetime.now(UTC) - AN_HOUR


def _executor(engine: Engine, name: str, clock: Callable[[], datetime]) -> Executor:
    """A worker on a machine whose clock says something else."""
    made = engine.executor
    return Executor(made.database, made.scheduler, made.agent_work, name, no_ports, clock, beat_seconds=0.05)


@pytest.mark.parametrize(("first", "second"), [(_early, _late), (_late, _early)])
async def test_a_worker_whose_clock_is_wrong_takes_no_step_of_another(
    engine: Engine, first: Callable[[], datetime], second: Callable[[], datetime]
) -> None:
    run = await engine.begin(engine.step("a", seconds=1))
    await engine.advance(run)
    doing = asyncio.create_task(_executor(engine, "first", first).do(engine.house.tenant, run, "a"))
    taken = await engine.until(run, lambda row: row.worker == "first")
    await engine.until(run, lambda row: row.lease != taken.lease)  # it has been renewed
    await _executor(engine, "second", second).do(engine.house.tenant, run, "a")
    assert await engine.sweep() == 0, "its lease is not over"
    assert not doing.done()
    await doing
    assert engine.lines() == ["a"]
    assert await engine.states(run) == {"a": "done"}


async def test_what_is_handed_on_is_leased_by_the_databases_clock(engine: Engine) -> None:
    run = await engine.begin(engine.step("a", "plain"), engine.step("b", "plain", "a", seconds=0.5))
    await engine.advance(run)
    doing = asyncio.create_task(_executor(engine, "first", _early).do(engine.house.tenant, run, "a"))
    await engine.until(run, lambda row: row.key == "b" and row.worker == "first")
    assert await engine.sweep() == 0
    await doing
    assert engine.lines() == ["a", "b"]


async def test_what_nobody_has_taken_is_left_to_workers_for_a_while_by_the_databases_clock(
    engine: Engine,
) -> None:
    run = await engine.begin(engine.step("a"))
    engine.house.now = _early()
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        await engine.scheduler.advance(tx, run)
    assert await engine.states(run) == {"a": "running"}
    assert await engine.sweep() == 0
