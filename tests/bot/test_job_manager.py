"""What workers say to the database holds: ends that cannot be written, answers that are lost, rows pruned.

The faults are the database's own: triggers that end the connection in the middle of a statement, rows as a
crash leaves them, connections that the server ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, LiteralString

import psycopg
import pytest
from structlog.testing import capture_logs

from bot import worker
from bot.worker import JobFunction, make_app, run_worker
from storage.app_role import APP_ROLE
from storage.embedded import EmbeddedServer
from storage.jobs import defer, queues_of
from tests.databases import OwnDatabase, database_of_its_own

# As often as a sequence says, the statement's connection ends; a sequence does not roll back with it.
_BREAKING: LiteralString = """
    CREATE SEQUENCE IF NOT EXISTS faults;
    GRANT USAGE ON SEQUENCE faults TO PUBLIC;
    CREATE OR REPLACE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        IF nextval('faults') <= 3 THEN
            PERFORM pg_terminate_backend(pg_backend_pid());
            PERFORM pg_sleep(1);
        END IF;
        RETURN COALESCE(NEW, OLD);
    END $$;
    ALTER SEQUENCE faults RESTART
"""

_LEFT = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"


@pytest.fixture(scope="module")
async def own(server: EmbeddedServer) -> AsyncIterator[OwnDatabase]:
    async with database_of_its_own(server, "job_manager") as opened:
        yield opened


@asynccontextmanager
async def _working(
    own: OwnDatabase,
    jobs: Mapping[str, JobFunction],
    ends: Mapping[str, JobFunction] | None = None,
) -> AsyncIterator[None]:
    app = make_app(own.url, jobs, connections=6)
    queue, _ = queues_of(own.tenant)
    async with app.open_async():
        task = asyncio.create_task(run_worker(app, [queue], concurrency=4, name="test", ends=ends))
        await _until(own, "SELECT count(*) FROM procrastinate_workers", lambda found: found >= 1)
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _owner(own: OwnDatabase, statement: Any) -> Any:
    async with await psycopg.AsyncConnection.connect(own.owner_url, autocommit=True) as owner:
        cursor = await owner.execute(statement)
        return (await cursor.fetchone() or (None,))[0] if cursor.description else None


async def _until(own: OwnDatabase, query: Any, is_so: Callable[[Any], bool]) -> Any:
    async with asyncio.timeout(60):
        while not is_so(found := await _owner(own, query)):  # noqa: ASYNC110 — the rows are the truth
            await asyncio.sleep(0.05)
    return found


async def _logged(logs: list[Any], event: str) -> None:
    async with asyncio.timeout(60):
        while event not in [line["event"] for line in logs]:  # noqa: ASYNC110 — a line in the log sets no event
            await asyncio.sleep(0.02)


async def _all_done(own: OwnDatabase) -> None:
    await _until(own, _LEFT, lambda left: left == 0)


async def _defer(own: OwnDatabase, name: str, **options: Any) -> None:
    async with own.database.transaction(own.tenant) as tx:
        await defer(tx, name, {}, **options)


@asynccontextmanager
async def _breaking(own: OwnDatabase, event: LiteralString, table: LiteralString) -> AsyncIterator[None]:
    await _owner(own, _BREAKING)
    trigger: LiteralString = (
        f"CREATE TRIGGER breaking BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION break_off()"
    )
    await _owner(own, trigger)
    try:
        yield
    finally:
        await _owner(own, f"DROP TRIGGER breaking ON {table}")


def _job(ran: list[str], name: str = "ran") -> Callable[..., Awaitable[None]]:
    async def job(tenant: str) -> None:
        ran.append(name)

    return job


async def test_an_end_that_cannot_be_written_is_tried_until_it_is(own: OwnDatabase) -> None:
    ran: list[str] = []
    jobs = {"first": _job(ran, "first"), "second": _job(ran, "second")}
    async with _breaking(own, "DELETE", "procrastinate_jobs"), _working(own, jobs):
        await _defer(own, "first", lock="a")
        await _defer(own, "second", lock="a")
        await _all_done(own)
    assert ran == ["first", "second"]


async def test_a_job_whose_fetch_was_never_answered_is_run(own: OwnDatabase) -> None:
    ran: list[str] = []
    async with _working(own, {"job": _job(ran)}):
        await _owner(
            own,
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id)"
            f" SELECT '{queues_of(own.tenant)[0]}', 'job', '{{\"tenant\": \"{own.tenant}\"}}', 'doing', max(id)"
            " FROM procrastinate_workers",
        )
        await _all_done(own)
    assert ran == ["ran"]


async def test_a_living_worker_whose_row_was_pruned_keeps_its_jobs_and_takes_others(own: OwnDatabase) -> None:
    ran: list[str] = []
    may_end = asyncio.Event()

    async def long(tenant: str) -> None:
        ran.append("long")
        await may_end.wait()

    async with _working(own, {"long": long, "job": _job(ran)}):
        await _defer(own, "long")
        await _until(own, "SELECT count(worker_id) FROM procrastinate_jobs", lambda found: found == 1)
        await _owner(own, "DELETE FROM procrastinate_workers")
        await _until(own, "SELECT count(worker_id) FROM procrastinate_jobs", lambda found: found == 1)
        await _defer(own, "job")
        await _until(own, _LEFT, lambda left: left == 1)
        may_end.set()
        await _all_done(own)
    assert ran == ["long", "ran"]


async def test_a_worker_beats_on_after_a_heartbeat_that_failed(own: OwnDatabase) -> None:
    async with _working(own, {}):
        async with _breaking(own, "UPDATE", "procrastinate_workers"):
            await _until(own, "SELECT last_value FROM faults", lambda tried: tried > 3)
        before = await _owner(own, "SELECT max(last_heartbeat) FROM procrastinate_workers")
        await _until(own, "SELECT max(last_heartbeat) FROM procrastinate_workers", lambda beat: beat > before)


async def test_a_worker_listens_anew_though_it_could_not_connect_for_a_while(own: OwnDatabase) -> None:
    listening = (
        "SELECT coalesce(max(pid), 0) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    )
    async with _working(own, {}):
        first = await _until(own, listening, lambda pid: pid > 0)
        with capture_logs() as logs:
            await _owner(own, f"ALTER ROLE {APP_ROLE} NOLOGIN")
            try:
                await _owner(own, f"SELECT pg_terminate_backend({first})")
                await _logged(logs, "outage_began")
            finally:
                await _owner(own, f"ALTER ROLE {APP_ROLE} LOGIN")
        await _until(own, listening, lambda pid: pid not in (0, first))


async def test_a_job_to_be_tried_again_makes_room_for_one_that_waits_under_its_queueing_lock(
    own: OwnDatabase,
) -> None:
    ran: list[str] = []

    async def job(tenant: str) -> None:
        ran.append("ran")
        if len(ran) == 1:
            await _defer(own, "job", lock="a", queueing_lock="a")
            raise ValueError("the first one fails")

    async with _working(own, {"job": job}):
        await _defer(own, "job", lock="a", queueing_lock="a")
        await _all_done(own)
    assert ran == ["ran", "ran"]


async def test_a_job_that_was_put_back_while_it_runs_is_not_run_twice_at_once(own: OwnDatabase) -> None:
    ran: list[str] = []
    began, may_end = asyncio.Event(), asyncio.Event()

    async def long(tenant: str) -> None:
        ran.append("long")
        began.set()
        await may_end.wait()

    async with _working(own, {"long": long}):
        await _defer(own, "long")
        await began.wait()
        put_back = "UPDATE procrastinate_jobs SET status = 'todo', attempts = attempts + 1, worker_id = NULL"
        await _owner(own, put_back)
        await _until(own, "SELECT count(worker_id) FROM procrastinate_jobs", lambda found: found == 1)
        may_end.set()
        await _all_done(own)
    assert ran == ["long"]


async def test_the_end_of_a_run_is_not_written_for_a_later_one(own: OwnDatabase) -> None:
    began, may_end = asyncio.Event(), asyncio.Event()

    async def long(tenant: str) -> None:
        began.set()
        await may_end.wait()

    async with _working(own, {"long": long}):
        await _defer(own, "long")
        await began.wait()
        # As another process runs it that took this one for dead.
        await _owner(
            own, "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() + interval '1 hour')"
        )
        await _owner(
            own,
            "UPDATE procrastinate_jobs SET attempts = attempts + 1,"
            " worker_id = (SELECT max(id) FROM procrastinate_workers)",
        )
        with capture_logs() as logs:
            may_end.set()
            await _logged(logs, "job_ended_after_it_was_put_back")
        assert await _owner(own, "SELECT status FROM procrastinate_jobs WHERE task_name = 'long'") == "doing"
    await _owner(own, "DELETE FROM procrastinate_jobs; DELETE FROM procrastinate_workers")


async def test_what_a_job_belongs_to_is_ended_when_it_is_given_up_even_if_that_has_to_be_tried_again(
    own: OwnDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MOST_TRIES", 1)
    tried: list[str] = []

    async def job(tenant: str) -> None:
        tried.append("job")
        raise ValueError("poisoned")

    async def end(tenant: str) -> None:
        tried.append(f"end for {tenant}")
        if tried.count(tried[-1]) == 1:
            raise ConnectionError("the database was away")

    async with _working(own, {"job": job}, {"job": end}):
        await _defer(own, "job")
        await _until(own, _LEFT, lambda left: left == 0)
    assert tried == ["job", "job", "end for job_manager", "job", "end for job_manager"]
    assert await _owner(own, "SELECT status FROM procrastinate_jobs") == "failed"
    await _owner(own, "DELETE FROM procrastinate_jobs")


async def test_a_database_that_is_away_uses_up_no_tries(
    own: OwnDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MOST_TRIES", 0)
    ran: list[str] = []

    async def job(tenant: str) -> None:
        ran.append("ran")
        if len(ran) == 1:
            raise ConnectionError("the database was away")

    async with _working(own, {"job": job}):
        await _defer(own, "job")
        await _all_done(own)
    assert ran == ["ran", "ran"]
