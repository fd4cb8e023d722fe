"""Jobs fetched as many at a time as a worker has hands free: one by one, the round trip bounds what it does."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from typing import Any

from procrastinate.connector import BaseConnector
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

_COLUMNS = """
    id, status, task_name, priority, lock, queueing_lock, args, scheduled_at, queue_name, attempts, worker_id
"""
# The engine's own function claims a job each time that it is called: until there is none, or no hand is free.
# It is called with something of the last row, or PostgreSQL would take the first answer for all of them.
_FETCH = f"""
    WITH RECURSIVE fetched AS (
        SELECT {_COLUMNS}, 1 AS hands FROM procrastinate_fetch_job_v2(%(queues)s::varchar[], %(worker_id)s)
        WHERE id IS NOT NULL
        UNION ALL
        SELECT {", ".join(f"job.{name.strip()}" for name in _COLUMNS.split(","))}, hands + 1
        FROM fetched,
             LATERAL procrastinate_fetch_job_v2(%(queues)s::varchar[], %(worker_id)s + 0 * hands) AS job
        WHERE hands < %(free)s AND job.id IS NOT NULL
    )
    SELECT {_COLUMNS} FROM fetched ORDER BY hands
"""  # noqa: S608 - of constants


class Fetching(JobManager):
    """The engine's job manager, but that it fetches for all free hands of a queue's worker in one round trip.

    A worker asks when it has a hand free, so `concurrency` less what it was given and has not finished is
    what it can take; nothing that was fetched waits here for longer than it takes to be asked again.
    """

    def __init__(self, connector: BaseConnector, *, concurrency: int) -> None:
        super().__init__(connector)
        self._concurrency = concurrency
        self._at_work: Counter[str] = Counter()
        self._fetched: defaultdict[int, deque[Job]] = defaultdict(deque)

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """The next job of the queue, which is claimed for this worker; None if there is none."""
        (queue,) = queues or ()
        fetched = self._fetched[worker_id]
        if not fetched:
            free = self._concurrency - self._at_work[queue]
            asked = {"queues": [queue], "worker_id": worker_id, "free": free}
            rows = await self.connector.execute_query_all_async(query=_FETCH, **asked)
            fetched.extend(map(Job.from_row, rows))
        if not fetched:
            return None
        self._at_work[queue] += 1
        return fetched.popleft()

    async def finish_job(self, job: Job, *args: Any, **kwargs: Any) -> None:
        """See JobManager."""
        self._at_work[job.queue] -= 1
        await super().finish_job(job, *args, **kwargs)

    async def retry_job(self, job: Job, *args: Any, **kwargs: Any) -> None:
        """See JobManager."""
        self._at_work[job.queue] -= 1
        await super().retry_job(job, *args, **kwargs)
