"""Deferring work by name, inside the caller's own transaction.

Rows are the truth and jobs only carry ids: a job that runs twice, late or after a crash finds the
row's state and does nothing wrong. `bot/` registers the functions behind the names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

from sqlalchemy.ext.asyncio import AsyncSession

from storage import direct
from storage.database import tenant_of


def queues_of(tenant: str) -> tuple[str, str]:
    """A company's two queues; a worker takes its own company's jobs and nobody else's.

    In the second are jobs that wait for models, for other systems or for a lot of arithmetic. They have
    workers of their own, so that no number of them keeps a message, a click or a halt waiting.
    """
    return f"countersign:{tenant}", f"countersign_slow:{tenant}"


DEFERRED: LiteralString = """
    procrastinate_defer_jobs_v1(ARRAY[
        ROW(%(job_queue)s, %(job_name)s, %(job_priority)s, %(job_lock)s, %(job_queueing_lock)s, %(job_args)s,
            %(job_at)s)::procrastinate_job_to_defer_v1
    ])
"""
"""The job of `job_values`, queued by the statement that this expression stands in."""

_DEFER = f"""
    SELECT {DEFERRED}
    WHERE %(job_queueing_lock)s::text IS NULL OR NOT EXISTS (
        SELECT FROM procrastinate_jobs WHERE queueing_lock = %(job_queueing_lock)s AND status = 'todo'
    )
"""  # noqa: S608 - of constants


_ONE_QUEUES = "SELECT FROM pg_advisory_xact_lock(hashtextextended(%(lock)s, 0))"

# Held, so that no worker begins with it; one that a worker is just beginning with is none that waits.
_WAITING = "SELECT FROM procrastinate_jobs WHERE queueing_lock = %(lock)s AND status = 'todo' FOR UPDATE"

_PUT_OFF = """
    SELECT FROM procrastinate_jobs
    WHERE lock = %(lock)s AND status = 'todo' AND scheduled_at > clock_timestamp() LIMIT 1
"""

_BUSY = """
    SELECT DISTINCT lock FROM procrastinate_jobs WHERE lock = ANY(%(locks)s) AND status IN ('todo', 'doing')
"""

# A job that was begun is late since then; another, since it might have been. Only the oldest are looked at:
# there may be a million.
_OVERDUE = """
    SELECT task_name, args, since FROM (
        SELECT job.id, job.task_name, job.args, coalesce(
            (SELECT min(at) FROM procrastinate_events WHERE job_id = job.id AND type = 'started'),
            greatest(
                job.scheduled_at,
                (SELECT min(at) FROM procrastinate_events WHERE job_id = job.id AND type = 'deferred')
            )
        ) AS since
        FROM procrastinate_jobs AS job
        WHERE job.queue_name = ANY(%(queues)s) AND job.status IN ('todo', 'doing')
          AND %(longest)s ? job.task_name
        ORDER BY job.id LIMIT 500
    ) AS oldest
    WHERE since < clock_timestamp() - make_interval(secs => (%(longest)s ->> task_name)::float)
    ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Overdue:
    """A job that is not done though it might have been long ago: `since` then it waits, runs or is tried."""

    name: str
    args: Mapping[str, str]
    since: datetime


async def defer(
    tx: AsyncSession,
    name: str,
    args: Mapping[str, str],
    *,
    lock: str | None = None,
    queueing_lock: str | None = None,
    priority: int = 0,
    at: datetime | None = None,
    slow: bool = False,
) -> None:
    """Queue `name` for when `tx` commits; nothing is queued if it rolls back.

    The tenant travels along. Jobs with the same `lock` run one at a time; of jobs with the same
    `queueing_lock` one waits at most, and deferring a second does nothing. `at` delays it; `slow` keeps
    it out of the way of those that answer people.
    """
    await direct.run(
        tx,
        _DEFER,
        job_values(tx, name, args, lock=lock, queueing_lock=queueing_lock, priority=priority, at=at, slow=slow),
    )


async def defer_once(tx: AsyncSession, name: str, args: Mapping[str, str], lock: str) -> None:
    """Queue `name` under `lock` where none waits there already, however many do so at the same time. Its worker
    begins after `tx` commits, and so sees what `tx` changed.

    Those who queue it wait for each other until they commit, for two at once would meet in the job engine's
    index, and one fail: this is to be the last thing that `tx` locks.
    """
    await tx.flush()
    await direct.run(tx, _ONE_QUEUES, {"lock": _lock(tx, lock)})
    if await direct.row(tx, _WAITING, {"lock": _lock(tx, lock)}) is None:
        await defer(tx, name, args, lock=lock, queueing_lock=lock)


async def is_put_off(tx: AsyncSession, lock: str) -> bool:
    """Whether a job under this lock is queued for a time to come."""
    return await direct.row(tx, _PUT_OFF, {"lock": _lock(tx, lock)}) is not None


async def without_jobs(tx: AsyncSession, locks: Collection[str]) -> list[str]:
    """Those of these locks under which no job waits or runs."""
    names = {_lock(tx, lock): lock for lock in locks}
    busy = {name for (name,) in await direct.rows(tx, _BUSY, {"locks": list(names)})}
    return [lock for name, lock in names.items() if name not in busy]


async def overdue(tx: AsyncSession, longest: Mapping[str, timedelta]) -> list[Overdue]:
    """Jobs of these names that are not done after as long as each may take, oldest first."""
    seconds = {name: limit.total_seconds() for name, limit in longest.items()}
    values = {"queues": list(queues_of(tenant_of(tx))), "longest": direct.Jsonb(seconds)}
    return [Overdue(*row) for row in await direct.rows(tx, _OVERDUE, values)]


def _lock(tx: AsyncSession, lock: str) -> str:
    return f"{tenant_of(tx)}/{lock}"


def job_values(
    tx: AsyncSession,
    name: str,
    args: Mapping[str, str],
    *,
    lock: str | None = None,
    queueing_lock: str | None = None,
    priority: int = 0,
    at: datetime | None = None,
    slow: bool = False,
) -> dict[str, object]:
    """The values of a job that a statement queues with DEFERRED; see `defer`."""
    tenant = tenant_of(tx)
    return {
        "job_queue": queues_of(tenant)[slow],
        "job_name": name,
        "job_priority": priority,
        "job_lock": lock and _lock(tx, lock),
        "job_queueing_lock": queueing_lock and _lock(tx, queueing_lock),
        "job_args": direct.Jsonb({"tenant": tenant, **args}),
        "job_at": at,
    }
