"""The worker: runs queued jobs by name, in as many processes as are started.

Procrastinate is the engine; `bot.job_manager` makes what it writes hold through an outage. A worker loop that
returned is started anew.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import psycopg
import psycopg_pool
import structlog
from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision, exceptions
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job
from procrastinate.middleware import AsyncCallNext, WorkerMiddleware
from procrastinate.worker import Worker

from bot.job_manager import DEAD_AFTER_SECONDS, HEARTBEAT_SECONDS, DurableJobManager
from bot.platforms.adapter import PlatformAway
from governance.audit.log import SequencerSilent
from storage.database import is_dead
from storage.outage import is_database_away

_log = structlog.get_logger()

JobFunction = Callable[..., Awaitable[None]]

POLL_SECONDS = 0.1
"""New jobs wake the worker by notification. A job that waited for another's lock, or for its time, does not:
nobody says that it may start."""

MOST_TRIES = 12

_CONNECTION_SECONDS = 4
"""How long the engine waits for a connection before it asks again, and for how long one is tried to be made."""


class Retries(BaseRetryStrategy):
    """Try again, up to MOST_TRIES times over about six minutes. What passes by itself is waited for however
    long it takes: a database or chat platform that is away, a log without a sequencer, a worker that is
    stopped. A platform is asked often
    (somebody waits for an answer there).

    Every job finds its row's state and does nothing wrong when it runs again.
    """

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to run a failed job again; None to give it up."""
        passing = isinstance(exception, asyncio.CancelledError | SequencerSilent)
        ours = passing or is_database_away(exception)
        is_away = isinstance(exception, PlatformAway)
        if job.attempts >= MOST_TRIES and not ours and not is_away:
            return None
        # What is back is noticed at the next try: our own database within seconds, a platform soon.
        longest = 3.0 if ours else 10.0 if is_away else 90.0
        seconds = min(0.2 * 2 ** min(job.attempts, 10), longest)
        return RetryDecision(retry_in={"seconds": int(seconds * random.uniform(0.8, 1.2)) or 1})


_RETRIES = Retries()


def make_app(url: str, jobs: Mapping[str, JobFunction], *, connections: int) -> App:
    """A Procrastinate application over `url` that knows `jobs` by name."""
    # None of the engine's statements is worth a ping before it. After an outage a pool waits up to as long
    # again as it lasted; one that gives up soon makes a new connection for whoever asks next.
    connector = PsycopgConnector(
        conninfo=url,
        kwargs={"connect_timeout": _CONNECTION_SECONDS},
        min_size=2,
        max_size=max(connections, 4),
        timeout=_CONNECTION_SECONDS,
        reconnect_timeout=_CONNECTION_SECONDS,
        configure=_lightly,
        pool_factory=_pool_without_pings,
    )
    app = App(connector=connector)
    app.job_manager = DurableJobManager(connector)
    for name, function in jobs.items():
        app.task(name=name, retry=_RETRIES)(function)
    return app


async def _lightly(connection: psycopg.AsyncConnection) -> None:
    """Each of the engine's statements is a transaction by itself, and waits for no disk: should the server
    lose the last half second of them, a job that was begun or ended is begun again, and finds its row's state.
    """
    await connection.set_autocommit(True)
    await connection.execute("SET synchronous_commit = off")


def _pool_without_pings(**settings: Any) -> psycopg_pool.AsyncConnectionPool:
    async def refuse_the_dead(connection: psycopg.AsyncConnection) -> None:
        if is_dead(connection):
            await connection.close()  # or the pool, which has not noticed, would hand it out again
            # Where one has ended all have, mostly. Met one by one, each would cost a longer pause.
            await pool.drain()
            raise psycopg.OperationalError("the server ended this connection while it was idle")

    pool = psycopg_pool.AsyncConnectionPool(**settings | {"check": refuse_the_dead})
    return pool


async def run_worker(
    app: App,
    queues: Iterable[str],
    *,
    concurrency: int,
    name: str,
    ends: Mapping[str, JobFunction] | None = None,
) -> None:
    """Work until cancelled, through restarts of the database: `concurrency` jobs of each queue at once.

    A job of a name in `ends` that fails for the last time is ended by that function, with the same arguments.
    """
    jobs = app.job_manager
    if not isinstance(jobs, DurableJobManager):
        raise TypeError("the application is one of make_app")
    async with asyncio.TaskGroup() as group:
        for queue in queues:
            group.create_task(_supervise(app, queue, concurrency, name, _ending(ends or {})))
        group.create_task(jobs.reconcile())


async def _supervise(app: App, queue: str, concurrency: int, name: str, ending: WorkerMiddleware) -> None:
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
                worker_middleware=[ending],
            )
            _log.warning("worker_loop_returned", worker=name)
        except exceptions.ConnectorException as failure:
            if (task := asyncio.current_task()) and task.cancelling():
                raise  # it was being stopped, and Procrastinate raises what came between instead
            _log.warning("worker_loop_failed", worker=name, why=repr(failure.__cause__ or failure))
        await asyncio.sleep(0.5)


def _ending(ends: Mapping[str, JobFunction]) -> WorkerMiddleware:
    """Ends what a job belongs to when the job is given up.

    Should that fail because the database is away, the job is tried again, and ends it then.
    """

    async def middleware(call_next: AsyncCallNext, context: JobContext, _worker: Worker) -> Any:
        try:
            return await call_next()
        except Exception as failure:
            job = context.job
            if _RETRIES.get_retry_decision(exception=failure, job=job) is None:
                _log.exception("job_given_up", job=job.task_name, job_id=job.id, **job.task_kwargs)
                if (end := ends.get(job.task_name)) is not None:
                    await _end(end, job)
            raise

    return middleware


async def _end(end: JobFunction, job: Job) -> None:
    """What cannot even be ended is logged as such, and keeps the job from nothing."""
    try:
        await end(**job.task_kwargs)
    except Exception as failure:
        if is_database_away(failure):
            raise
        _log.exception("job_not_ended", job=job.task_name, job_id=job.id)
