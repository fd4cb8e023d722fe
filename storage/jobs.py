"""Deferring work by name, inside the caller's own transaction.

Rows are the truth and jobs only carry ids: a job that runs twice, late or after a crash finds the
row's state and does nothing wrong. `bot/` registers the functions behind the names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database import tenant_of

QUEUE = "countersign"

SLOW_QUEUE = "countersign_slow"
"""Jobs that wait for models, for other systems or for a lot of arithmetic. They have workers of their own, so
that no number of them keeps a message, a click or a halt waiting."""

_DEFER = text(
    "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(:queue, :name, :priority, :lock, :queueing_lock,"
    " CAST(:args AS jsonb), :at)::procrastinate_job_to_defer_v1])"
    " WHERE CAST(:queueing_lock AS text) IS NULL OR NOT EXISTS (SELECT 1 FROM procrastinate_jobs AS job"
    " WHERE job.queueing_lock = :queueing_lock AND job.status = 'todo')"
)


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
    tenant = tenant_of(tx)
    await tx.execute(
        _DEFER,
        {
            "queue": SLOW_QUEUE if slow else QUEUE,
            "name": name,
            "priority": priority,
            "lock": lock and f"{tenant}/{lock}",
            "queueing_lock": queueing_lock and f"{tenant}/{queueing_lock}",
            "args": json.dumps({"tenant": tenant, **args}),
            "at": at,
        },
    )
