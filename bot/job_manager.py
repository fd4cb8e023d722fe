"""The job engine's statements, made to hold through an outage of the database.

| what happens                             | Procrastinate 3.10 alone               | here                  |
|------------------------------------------|----------------------------------------|-----------------------|
| a job's end cannot be written            | it stays `doing` and holds its lock    | tried until written   |
| the answer to a fetch is lost            | the same                               | put back              |
| a job is to be tried again, and another  | the same, for two may not wait under   | the one that waits    |
| waits under its queueing lock            | one queueing lock                      | does for both         |
| a heartbeat fails                        | no more heartbeats, and nobody notices | beats on              |
| LISTEN fails                             | no more notifications                  | listens anew          |
| a living worker's row is pruned          | fetches fail; anybody takes its jobs   | row and jobs are back |
| a worker dies                            | nothing                                | put back              |

A run of a job is known by the job's id and its attempts, for each putting back counts one more. Ends are
written for the run that ended and for no later one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any, LiteralString, TypeVar

import structlog
from procrastinate.connector import BaseConnector
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager, NotificationCallback
from psycopg.errors import ForeignKeyViolation

from storage.outage import Outage, is_database_away

HEARTBEAT_SECONDS = 1.0
DEAD_AFTER_SECONDS = 3.0

LOOK_SECONDS = 1.0
GRACE_SECONDS = 3.0
"""A job that nobody seems to run is put back once it was seen so for this long. Its worker's heartbeat, or the
answer to its fetch, may be under way: after an outage all workers look dead at first."""

CLOSING_SECONDS = 5.0
"""A process that is told to stop tries for this long to write its jobs' ends, and leaves the rest to others."""

_LONGEST_PAUSE = 2.0

_log = structlog.get_logger()

_T = TypeVar("_T")

_BEAT: LiteralString = """
    WITH beat AS (
        INSERT INTO procrastinate_workers (id, last_heartbeat) OVERRIDING SYSTEM VALUE
        VALUES (%(worker_id)s, now())
        ON CONFLICT (id) DO UPDATE SET last_heartbeat = now() RETURNING id
    )
    UPDATE procrastinate_jobs SET worker_id = beat.id FROM beat
    WHERE procrastinate_jobs.id = ANY(%(running)s::bigint[]) AND status = 'doing' AND worker_id IS NULL
"""

_RUN_BY_NOBODY: LiteralString = """
    SELECT job.id, job.attempts, job.task_name
    FROM procrastinate_jobs AS job LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
    WHERE job.status = 'doing' AND job.id <> ALL(%(running)s::bigint[])
      AND (job.worker_id = ANY(%(workers)s::bigint[])
           OR worker.id IS NULL
           OR worker.last_heartbeat < now() - make_interval(secs => %(dead_after)s))
"""

# A crash may take back the last half second of the engine's own statements, so that a job which ran and
# ended is found waiting: it ends all the same.
_FINISH: LiteralString = """
    WITH run AS (
        SELECT id FROM procrastinate_jobs
        WHERE id = %(job_id)s AND attempts = %(attempts)s
          AND (status = 'todo'
               OR status = 'doing' AND (worker_id IS NULL OR worker_id = ANY(%(workers)s::bigint[])))
        FOR UPDATE
    )
    SELECT procrastinate_finish_job_v1(id, %(status)s::procrastinate_job_status, %(delete_job)s) FROM run
"""

_TRY_AGAIN: LiteralString = """
    WITH run AS (
        SELECT id, EXISTS (
            SELECT FROM procrastinate_jobs AS other
            WHERE other.queueing_lock = job.queueing_lock AND other.status = 'todo'
        ) AS covered
        FROM procrastinate_jobs AS job
        WHERE id = %(job_id)s AND attempts = %(attempts)s AND status = 'doing'
          AND (%(workers)s::bigint[] IS NULL OR worker_id IS NULL OR worker_id = ANY(%(workers)s::bigint[]))
        FOR UPDATE OF job
    )
    SELECT CASE
        WHEN covered THEN procrastinate_finish_job_v1(id, 'failed', true)
        ELSE procrastinate_retry_job_v2(id, %(retry_at)s, %(priority)s, %(queue)s, %(lock)s)
    END FROM run
"""


@dataclass(slots=True)
class _Run:
    """A job that this process runs, or whose end it has not written yet."""

    attempts: int
    ended: bool = False


class DurableJobManager(JobManager):
    """What the workers of one process say to the database. `reconcile` runs beside them."""

    def __init__(self, connector: BaseConnector) -> None:
        super().__init__(connector)
        self._workers: set[int] = set()
        self._runs: dict[int, _Run] = {}
        self._nobodys: dict[tuple[int, int], float] = {}
        self._closes: float | None = None
        self._outage = Outage("job engine")

    async def reconcile(self) -> None:
        """Until cancelled: put back what the database takes for running, and nobody runs."""
        self._closes = None
        try:
            while True:
                try:
                    await self._put_back_nobodys()
                    self._outage.ends()
                except ConnectorException as failure:
                    self._nobodys.clear()  # nobody could be heard meanwhile
                    self._report(failure)
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._closes = monotonic() + CLOSING_SECONDS

    async def _put_back_nobodys(self) -> None:
        found = await self.connector.execute_query_all_async(
            _RUN_BY_NOBODY,
            running=list(self._runs),
            workers=list(self._workers),
            dead_after=DEAD_AFTER_SECONDS,
        )
        now = monotonic()
        seen = {(row["id"], row["attempts"]): row["task_name"] for row in found}
        self._nobodys = {run: self._nobodys.get(run, now) for run in seen}
        for (job_id, attempts), since in self._nobodys.items():
            if now - since >= GRACE_SECONDS:
                await self._put_back(job_id, attempts, seen[job_id, attempts])

    async def _put_back(self, job_id: int, attempts: int, task: str) -> None:
        values = {"job_id": job_id, "attempts": attempts, "workers": None, "retry_at": datetime.now(UTC)}
        try:
            if await self.connector.execute_query_all_async(
                _TRY_AGAIN, **values, priority=None, queue=None, lock=None
            ):
                _log.warning("job_put_back", job=task, job_id=job_id)
        except ConnectorException as failure:
            self._report(failure)  # the next look finds it again; the others are put back now

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """The next job to run; None for none, and while the database is away."""
        try:
            job = await super().fetch_job(queues=queues, worker_id=worker_id)
        except UniqueViolation:
            return None  # another worker has just taken a job under the same lock
        except ConnectorException as failure:
            if isinstance(failure.__cause__, ForeignKeyViolation):
                return None  # our row was pruned: the next heartbeat makes it anew
            if not is_database_away(failure.__cause__):
                raise
            self._outage.begins(failure)
            return None
        self._outage.ends()
        if job is None or job.id is None:
            return None
        run = self._runs.get(job.id)
        if run is not None and not (run.ended and job.attempts > run.attempts):
            # It was put back, or a crash took its fetch back, while it runs here: it is not run twice at once.
            run.attempts = job.attempts
            return None
        self._runs[job.id] = _Run(job.attempts)
        return job

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """Write a job's end. Returns once it is written."""
        await self._end(job, _FINISH, status=status.value, delete_job=delete_job)

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Have a job tried again, at once or at `retry_at`. Returns once that is written."""
        when = retry_at or datetime.now(UTC)
        await self._end(job, _TRY_AGAIN, retry_at=when, priority=priority, queue=queue, lock=lock)

    async def _end(self, job: Job, statement: LiteralString, **values: Any) -> None:
        if job.id is None:
            raise ValueError("a job that was never queued has no end")
        run = self._runs.setdefault(job.id, _Run(job.attempts))
        run.ended = True

        async def write() -> list[dict[str, Any]]:
            return await self.connector.execute_query_all_async(
                statement, job_id=job.id, attempts=run.attempts, workers=list(self._workers), **values
            )

        try:
            if not await self._until_taken(write):
                _log.info("job_ended_after_it_was_put_back", job=job.task_name, job_id=job.id)
        finally:
            if self._runs.get(job.id) is run:
                del self._runs[job.id]

    async def register_worker(self) -> int:
        """Register a worker, once the database answers."""
        worker = await self._until_taken(super().register_worker)
        self._workers.add(worker)
        return worker

    async def unregister_worker(self, worker_id: int) -> None:
        """Take a worker's row away. One that stays is pruned later."""
        self._workers.discard(worker_id)
        await self._once(super().unregister_worker(worker_id))

    async def update_heartbeat(self, worker_id: int) -> None:
        """Say that a worker lives and which jobs are its own, whoever took it for dead meanwhile."""
        beat = self.connector.execute_query_async(_BEAT, worker_id=worker_id, running=list(self._runs))
        await self._once(beat)

    async def prune_stalled_workers(self, seconds_since_heartbeat: float) -> list[int]:
        """Take the rows of dead workers away."""
        return await self._until_taken(partial(super().prune_stalled_workers, seconds_since_heartbeat))

    async def list_jobs_to_abort_async(self, queue: str | None = None) -> Iterable[int]:
        """None: a job is ended by the row that it works on."""
        return ()

    async def listen_for_jobs(
        self, *, on_notification: NotificationCallback, queues: Iterable[str] | None = None
    ) -> None:
        """Listen until cancelled, anew whenever the connection is lost."""
        while True:
            await self._once(super().listen_for_jobs(on_notification=on_notification, queues=queues))
            await asyncio.sleep(LOOK_SECONDS)

    async def _once(self, attempt: Awaitable[None]) -> None:
        try:
            await attempt
        except ConnectorException as failure:
            self._report(failure)

    async def _until_taken(self, attempt: Callable[[], Awaitable[_T]]) -> _T:
        pause = 0.05
        while True:
            try:
                taken = await attempt()
            except ConnectorException as failure:
                if self._closes is not None and monotonic() >= self._closes:
                    raise
                self._report(failure)
            else:
                self._outage.ends()
                return taken
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _report(self, failure: ConnectorException) -> None:
        if is_database_away(failure.__cause__):  # the driver's own error: the engine wraps each alike
            self._outage.begins(failure)
        else:
            _log.warning("job_engine_failed", why=repr(failure.__cause__ or failure))
