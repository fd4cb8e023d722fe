"""The worker: runs queued jobs by name, in as many processes as are started.

Procrastinate is the engine. Two things it does not do by itself are done here: a worker loop that
returned (it may, when the database restarts) is started anew, and the jobs of a worker that died are
put back within seconds.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg
import psycopg_pool
import structlog
from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision, exceptions
from procrastinate.jobs import Job
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from bot.platforms.adapter import PlatformAway
from storage.database import is_dead

_log = structlog.get_logger()

JobFunction = Callable[..., Awaitable[None]]

HEARTBEAT_SECONDS = 1.0
DEAD_AFTER_SECONDS = 5.0

POLL_SECONDS = 0.1
"""New jobs wake the worker by notification. A job that waited for another's lock, or for its time, does not:
nobody says that it may start."""

_PUTTING_BACK = 0x70757462
"""One process at a time looks for the dead's jobs, so that none is put back that another has started anew."""


class Retries(BaseRetryStrategy):
    """Try again, up to twelve times over about six minutes: the database may be away for a while. A chat
    platform that is away is waited for however long that takes, and asked often, for somebody waits for an
    answer there.

    Every job finds its row's state and does nothing wrong when it runs again.
    """

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to run a failed job again; None to give it up."""
        is_away = isinstance(exception, PlatformAway)
        if job.attempts >= 12 and not is_away:
            return None
        seconds = min(0.2 * 2 ** min(job.attempts, 10), 10.0 if is_away else 90.0)
        return RetryDecision(retry_in={"seconds": int(seconds * random.uniform(0.8, 1.2)) or 1})


def make_app(url: str, jobs: Mapping[str, JobFunction], *, connections: int) -> App:
    """A Procrastinate application over `url` that knows `jobs` by name."""
    # None of the engine's statements is worth a ping before it.
    connector = PsycopgConnector(
        conninfo=url,
        min_size=2,
        max_size=max(connections, 4),
        configure=_lightly,
        pool_factory=_pool_without_pings,
    )
    app = App(connector=connector)
    for name, function in jobs.items():
        app.task(name=name, retry=Retries())(function)
    return app


async def _lightly(connection: psycopg.AsyncConnection) -> None:
    """Each of the engine's statements is a transaction by itself, and waits for no disk: should the server
    lose the last half second of them, a job that was begun or ended is begun again, and finds its row's state.
    """
    await connection.set_autocommit(True)
    await connection.execute("SET synchronous_commit = off")


def _pool_without_pings(**settings: Any) -> psycopg_pool.AsyncConnectionPool:
    return psycopg_pool.AsyncConnectionPool(**settings | {"check": _refuse_the_dead})


async def _refuse_the_dead(connection: psycopg.AsyncConnection) -> None:
    if is_dead(connection):
        await connection.close()  # or the pool, which has not noticed, would hand it out again
        raise psycopg.OperationalError("the server ended this connection while it was idle")


async def run_worker(app: App, queues: Iterable[str], *, concurrency: int, name: str) -> None:
    """Work until cancelled, through restarts of the database: `concurrency` jobs of each queue at once."""
    async with asyncio.TaskGroup() as group:
        for queue in queues:
            group.create_task(_supervise(app, queue, concurrency, name))
        group.create_task(_put_back_jobs_of_the_dead(app))


async def _supervise(app: App, queue: str, concurrency: int, name: str) -> None:
    while True:
        try:
            await app.run_worker_async(
                queues=[queue],
                name=name,
                concurrency=concurrency,
                install_signal_handlers=False,
                fetch_job_polling_interval=POLL_SECONDS,
                shutdown_graceful_timeout=5.0,
                delete_jobs="successful",
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=DEAD_AFTER_SECONDS,
            )
            _log.warning("worker_loop_returned", worker=name)
        except (exceptions.ConnectorException, psycopg.Error, psycopg_pool.PoolTimeout) as lost:
            _log.warning("worker_lost_database", worker=name, why=type(lost).__name__)
        await asyncio.sleep(0.5)


async def _put_back_jobs_of_the_dead(app: App) -> None:
    while True:
        await asyncio.sleep(DEAD_AFTER_SECONDS / 2)
        try:
            await _put_back(app)
        except (exceptions.ConnectorException, psycopg.Error, psycopg_pool.PoolTimeout) as lost:
            _log.warning("sweep_lost_database", why=type(lost).__name__)


async def _put_back(app: App) -> None:
    connector = app.connector
    if not isinstance(connector, PsycopgConnector):
        raise TypeError("jobs are kept in PostgreSQL through psycopg")
    async with connector.pool.connection() as connection, connection.transaction():
        locked = await connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (_PUTTING_BACK,))
        if await locked.fetchone() != (True,):
            return
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER_SECONDS):
            _log.warning("job_of_dead_worker", job=job.task_name, job_id=job.id)
            await app.job_manager.retry_job(job, retry_at=datetime.now(UTC))


def is_database_away(failure: BaseException) -> bool:
    """Whether a failure means that the database cannot be reached now, rather than a fault of ours."""
    if isinstance(failure, DBAPIError) and failure.connection_invalidated:
        return True
    return isinstance(failure, OperationalError | InterfaceError | psycopg_pool.PoolTimeout | ConnectionError)
