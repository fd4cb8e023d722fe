"""Workers are killed in the middle, again and again: no step is lost, and nothing outside is started twice."""

from __future__ import annotations

import asyncio
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text, update

from agents.work.claims import LEASE
from agents.work.tables import ENDED, StepRow
from storage.embedded import EmbeddedServer
from tests.agents.work.conftest import Engine, Outside

ROOT = Path(__file__).resolve().parents[3]
KILLS = 6


async def test_no_step_is_lost_and_nothing_outside_is_started_twice(
    engine: Engine, outside: Outside, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside.takes = 3
    steps = [engine.step(f"n{number}", "note", seconds=0.05) for number in range(12)]
    waits = [engine.step(f"w{number}", "outside", f"n{number}", url=outside.url) for number in range(12)]
    run = await engine.begin(*steps, *waits, engine.step("last", "note", *(wait.key for wait in waits)))
    dice = random.Random(7)
    for number in range(KILLS):
        worker = await _worker(engine, server, f"w{number}")
        await asyncio.sleep(dice.uniform(0.02, 0.6))
        worker.kill()
        await worker.wait()
        await asyncio.sleep(LEASE.total_seconds() / 3)
    await asyncio.sleep(LEASE.total_seconds())
    worker = await _worker(engine, server, "last")
    async with asyncio.timeout(60):
        while (await engine.run(run)).state not in ENDED:  # noqa: ASYNC110 — the rows are the truth
            await asyncio.sleep(0.1)
    worker.kill()
    await worker.wait()
    assert set((await engine.states(run)).values()) == {"done"}
    assert sorted(outside.started) == sorted({f"{run}:w{number}" for number in range(12)}), "each once"
    assert set(engine.lines()) == {*(f"n{number}" for number in range(12)), "last"}


@pytest.mark.parametrize(("left", "was_at"), [("a", "a"), ("a", "b")])
async def test_the_job_that_a_dead_worker_left_finds_what_that_was_at(
    engine: Engine, left: str, was_at: str
) -> None:
    """It was at the job's own step, or at what it had taken in that one's place."""
    run = await engine.begin(engine.step("a"), engine.step("b", "note", "a"))
    await engine.advance(run)
    lease = datetime.now(UTC) + timedelta(seconds=1)
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        if was_at == "b":
            await tx.execute(update(StepRow).where(StepRow.key == "a").values(state="done"))
        held = update(StepRow).where(StepRow.key == was_at)
        await tx.execute(held.values(state="running", worker="dead", attempt=1, lease=lease))
    await engine.executor.do(engine.house.tenant, run, left)
    assert engine.lines() == [], "it may be alive"
    again = "SELECT args->>'step', scheduled_at FROM procrastinate_jobs WHERE args->>'run' = :run"
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        found = await tx.execute(text(f"{again} AND scheduled_at IS NOT NULL"), {"run": run})
        assert [tuple(row) for row in found] == [(was_at, lease)]


async def _worker(engine: Engine, server: EmbeddedServer, name: str) -> asyncio.subprocess.Process:
    """A worker in a process of its own, that is at it."""
    made = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.agents.work.dying_worker",
        server.app_url,
        engine.house.tenant,
        name,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert made.stdout is not None
    await made.stdout.readline()
    return made
