"""The worker: one job at a time under a lock, clicks past whatever runs, and the dead's jobs put back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from procrastinate.jobs import Job
from sqlalchemy import text

from bot.platforms.adapter import PlatformAway
from bot.worker import JobFunction, Retries, make_app, run_worker
from storage.embedded import EmbeddedServer
from storage.jobs import defer, queues_of
from tests.databases import OwnDatabase, database_of_its_own


@pytest.fixture(scope="module")
async def own(server: EmbeddedServer) -> AsyncIterator[OwnDatabase]:
    async with database_of_its_own(server, "workers") as opened:
        yield opened


@asynccontextmanager
async def _working(
    own: OwnDatabase, jobs: Mapping[str, JobFunction], concurrency: int = 4
) -> AsyncIterator[None]:
    app = make_app(own.url, jobs, connections=6)
    async with app.open_async():
        task = asyncio.create_task(run_worker(app, queues_of(own.tenant), concurrency=4, name="test"))
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _left(own: OwnDatabase) -> int:
    async with own.database.untenanted() as tx:
        query = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
        return int((await tx.execute(text(query))).scalar_one())


async def _all_done(own: OwnDatabase) -> None:
    async with asyncio.timeout(60):
        while await _left(own):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_jobs_of_a_thread_run_in_order_one_at_a_time_beside_other_threads(own: OwnDatabase) -> None:
    running: set[str] = set()
    order: list[tuple[str, str]] = []
    together = False

    async def turn(tenant: str, thread: str, number: str) -> None:
        nonlocal together
        assert thread not in running
        running.add(thread)
        together = together or len(running) > 1
        await asyncio.sleep(0.02)
        order.append((thread, number))
        running.discard(thread)

    async with own.database.transaction(own.tenant) as tx:
        for number in range(5):
            for thread in ("a", "b"):
                await defer(tx, "turn", {"thread": thread, "number": str(number)}, lock=f"turn:{thread}")
    async with _working(own, {"turn": turn}):
        await _all_done(own)
    for thread in ("a", "b"):
        assert [number for where, number in order if where == thread] == ["0", "1", "2", "3", "4"]
    assert together


async def test_a_click_passes_a_turn_that_takes_long(own: OwnDatabase) -> None:
    clicked, may_end = asyncio.Event(), asyncio.Event()

    async def turn(tenant: str) -> None:
        await may_end.wait()

    async def click(tenant: str) -> None:
        clicked.set()

    async with _working(own, {"turn": turn, "click": click}):
        async with own.database.transaction(own.tenant) as tx:
            await defer(tx, "turn", {}, lock="turn:a")
            await defer(tx, "turn", {}, lock="turn:a")
            await defer(tx, "click", {}, priority=10)
        async with asyncio.timeout(60):
            await clicked.wait()
        may_end.set()
        await _all_done(own)


async def test_a_halt_passes_any_number_of_slow_jobs(own: OwnDatabase) -> None:
    halted, may_end = asyncio.Event(), asyncio.Event()

    async def draft_plan(tenant: str) -> None:
        await may_end.wait()

    async def turn(tenant: str) -> None:
        halted.set()

    async with _working(own, {"turn": turn, "draft_plan": draft_plan}):
        async with own.database.transaction(own.tenant) as tx:
            for _ in range(20):
                await defer(tx, "draft_plan", {}, slow=True)
        await asyncio.sleep(0.3)
        async with own.database.transaction(own.tenant) as tx:
            await defer(tx, "turn", {}, priority=100)
        async with asyncio.timeout(60):
            await halted.wait()
        may_end.set()
        await _all_done(own)


async def test_a_job_that_fails_is_tried_again_and_the_thread_waits_for_it(own: OwnDatabase) -> None:
    order: list[str] = []

    async def turn(tenant: str, number: str) -> None:
        order.append(number)
        if order == ["first"]:
            raise ConnectionError("the database was away")

    async with own.database.transaction(own.tenant) as tx:
        await defer(tx, "turn", {"number": "first"}, lock="turn:a")
        await defer(tx, "turn", {"number": "second"}, lock="turn:a")
    async with _working(own, {"turn": turn}):
        await _all_done(own)
    assert order == ["first", "first", "second"]


async def test_a_dead_workers_job_is_put_back_once_though_several_look(own: OwnDatabase) -> None:
    ran: list[str] = []

    async def turn(tenant: str, number: str) -> None:
        ran.append(number)
        await asyncio.sleep(0.2)

    async with own.database.transaction(own.tenant) as tx:
        for number in range(20):
            await defer(tx, "turn", {"number": str(number)}, lock=f"turn:{number}")
        await tx.execute(
            text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')")
        )
        await tx.execute(
            text(
                "UPDATE procrastinate_jobs SET status = 'doing',"
                " worker_id = (SELECT max(id) FROM procrastinate_workers)"
            )
        )
    async with _working(own, {"turn": turn}), _working(own, {"turn": turn}), _working(own, {"turn": turn}):
        await _all_done(own)
    assert sorted(ran, key=int) == [str(number) for number in range(20)]


@pytest.mark.parametrize("attempts", [3, 11, 200])
def test_a_platform_that_is_away_is_asked_often_however_long_it_takes(attempts: int) -> None:
    job = Job(id=1, queue="q", lock=None, queueing_lock=None, task_name="turn", attempts=attempts)
    before = datetime.now(UTC)
    again = Retries().get_retry_decision(exception=PlatformAway("it does not answer"), job=job)
    assert again is not None
    assert again.retry_at is not None
    assert before <= again.retry_at <= datetime.now(UTC) + timedelta(seconds=12)
    assert (Retries().get_retry_decision(exception=OSError(), job=job) is None) == (attempts > 11)
