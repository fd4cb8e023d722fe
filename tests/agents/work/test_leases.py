"""Whose a step is: leases by one clock, renewed while the database answers, and nothing ended for another."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from agents.work import heartbeat, runs
from agents.work.claims import take
from agents.work.executor import Executor
from agents.work.heartbeat import Heartbeat
from agents.work.tables import StepRow
from storage.database import Database
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


class _Failing(Database):
    """The same database, of which every transaction fails as long as it is `away`."""

    def __init__(self, database: Database) -> None:
        super().__init__(database.engine)
        self.away = False
        self.failed = 0

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncIterator[AsyncSession]:
        if self.away:
            self.failed += 1
            raise OperationalError("BEGIN", {}, Exception("server closed the connection"))
        async with super().transaction(tenant) as tx:
            yield tx


class _Work:
    """Marks when work has ended, however."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()

    @asynccontextmanager
    async def marked(self, _tenant: str) -> AsyncIterator[None]:
        try:
            yield
        finally:
            self.ended.set()


def _at(engine: Engine, database: Database, work: _Work) -> Executor:
    return Executor(database, engine.scheduler, work.marked, "first", no_ports, beat_seconds=0.05)


async def test_work_is_supervised_after_a_beat_that_failed(engine: Engine) -> None:
    database = _Failing(engine.house.database)
    run = await engine.begin(engine.step("a", "plain", seconds=600))
    await engine.advance(run)
    doing = asyncio.create_task(_at(engine, database, _Work()).do(engine.house.tenant, run, "a"))
    await engine.until(run, lambda row: row.worker == "first")
    database.away = True
    await _until(lambda: database.failed > 1)
    database.away = False
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        await runs.pause(tx, run, "Nathan paused it.")
    async with asyncio.timeout(60):
        await doing
    (row,) = await engine.rows(run)
    assert (row.state, row.detail) == ("waiting", "Nathan paused it.")


async def test_what_was_done_while_the_database_was_away_is_not_lost(engine: Engine, tmp_path: Path) -> None:
    database = _Failing(engine.house.database)
    run = await engine.begin(engine.step("a", "until_told", told=str(tmp_path / "told")))
    await engine.advance(run)
    doing = asyncio.create_task(_at(engine, database, _Work()).do(engine.house.tenant, run, "a"))
    await engine.until(run, lambda row: row.worker == "first")
    database.away = True
    await _until(lambda: database.failed > 0)
    database.away = False
    (tmp_path / "told").touch()
    await doing
    (row,) = await engine.rows(run)
    assert (row.state, row.attempt) == ("done", 1)


async def test_work_ends_before_its_lease_when_the_database_stays_away(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "LEASE", timedelta(seconds=1))
    database, work = _Failing(engine.house.database), _Work()
    run = await engine.begin(engine.step("a", "plain", seconds=600))
    await engine.advance(run)
    doing = asyncio.create_task(_at(engine, database, work).do(engine.house.tenant, run, "a"))
    await engine.until(run, lambda row: row.worker == "first")
    database.away = True
    async with asyncio.timeout(60):
        await work.ended.wait()
        with pytest.raises(OperationalError):  # it cannot even be put back
            await doing
    assert database.failed > 2, "it was asked again while there was time"
    (row,) = await engine.rows(run)
    assert (row.state, row.worker) == ("running", "first"), "the sweep finds it once its lease is over"


async def test_work_ends_before_its_lease_when_the_database_does_not_answer(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "LEASE", timedelta(seconds=1))
    work = _Work()
    run = await engine.begin(engine.step("a", "plain", seconds=600))
    await engine.advance(run)
    doing = asyncio.create_task(_at(engine, engine.house.database, work).do(engine.house.tenant, run, "a"))
    await engine.until(run, lambda row: row.worker == "first")
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        await tx.execute(select(StepRow).where(StepRow.run == run).with_for_update())
        async with asyncio.timeout(60):
            await work.ended.wait()
    await doing
    (row,) = await engine.rows(run)
    assert (row.state, row.attempt, row.worker) == ("waiting", 0, None)
    assert "did not answer" in (row.detail or "")


async def test_a_beat_that_is_wrong_ends_the_work_and_says_so(engine: Engine) -> None:
    run = await engine.begin(engine.step("a", "plain", seconds=600))
    await engine.advance(run)
    async with engine.house.database.transaction(engine.house.tenant) as tx:
        claim = await take(tx, engine.scheduler, "first", datetime.now(UTC), run, "a")
    assert claim is not None

    def broken() -> datetime:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        async with asyncio.timeout(60), Heartbeat(engine.house.database, broken, 0.05).beating(claim):
            await asyncio.sleep(600)


@pytest.mark.parametrize(("kind", "beats"), [("process", 0.05), ("too_long", 600.0)])
async def test_what_the_next_worker_has_started_is_not_ended(engine: Engine, kind: str, beats: float) -> None:
    """Whether the one before sees that it has lost the step, or its time is over first."""
    made = engine.executor
    run = await engine.begin(engine.step("a", kind))
    await engine.advance(run)
    first = Executor(made.database, made.scheduler, made.agent_work, "first", no_ports, beat_seconds=beats)
    doing = asyncio.create_task(first.do(engine.house.tenant, run, "a"))
    kept = await engine.until(run, lambda row: row.cursor is not None)
    theirs = await asyncio.create_subprocess_exec("sleep", "600", start_new_session=True)
    try:
        async with engine.house.database.transaction(engine.house.tenant) as tx:
            taken = {"worker": "second", "attempt": 2, "cursor": {"pid": theirs.pid}}
            await tx.execute(update(StepRow).where(StepRow.run == run).values(taken))
        async with asyncio.timeout(60):
            await doing
        look = os.WEXITED | os.WNOHANG | os.WNOWAIT
        assert await asyncio.to_thread(os.waitid, os.P_PID, theirs.pid, look) is None, "it goes on"
        (row,) = await engine.rows(run)
        assert (row.state, row.worker, row.attempt) == ("running", "second", 2)
    finally:
        os.killpg(kept.cursor["pid"], signal.SIGKILL)  # type: ignore[index]
        theirs.kill()
        await theirs.wait()


async def _until(wanted: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not wanted():  # noqa: ASYNC110 — nobody tells
            await asyncio.sleep(0.01)
