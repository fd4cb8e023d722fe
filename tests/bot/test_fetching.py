"""Jobs fetched for all free hands at once: each once, locks and priorities as if fetched one by one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from procrastinate.jobs import Status
from sqlalchemy import text

from bot.fetching import Fetching
from bot.worker import make_app
from storage.embedded import EmbeddedServer
from storage.jobs import defer, queues_of
from tests.databases import OwnDatabase, database_of_its_own

CONCURRENCY = 4


@pytest.fixture(scope="module")
async def emptied(server: EmbeddedServer) -> AsyncIterator[OwnDatabase]:
    async with database_of_its_own(server, "fetching") as opened:
        yield opened


@pytest.fixture
async def own(emptied: OwnDatabase) -> AsyncIterator[OwnDatabase]:
    yield emptied
    async with emptied.database.untenanted() as tx:
        await tx.execute(text("DELETE FROM procrastinate_jobs"))


@pytest.fixture
async def fetching(own: OwnDatabase) -> AsyncIterator[Fetching]:
    async def nothing(tenant: str) -> None:
        pass

    app = make_app(own.url, {"turn": nothing}, connections=4)
    async with app.open_async():
        yield Fetching(app.connector, concurrency=CONCURRENCY)


async def _deferred(own: OwnDatabase, *locks: str | None, priority: int = 0) -> None:
    async with own.database.transaction(own.tenant) as tx:
        for lock in locks:
            await defer(tx, "turn", {}, lock=lock, priority=priority)


async def _worker(fetching: Fetching) -> int:
    return await fetching.register_worker()


async def test_as_many_are_claimed_as_hands_are_free_and_handed_out_singly(
    own: OwnDatabase, fetching: Fetching
) -> None:
    queue, worker = queues_of(own.tenant)[0], await _worker(fetching)
    await _deferred(own, *([None] * 6))
    taken = [await fetching.fetch_job([queue], worker)]
    counted = [await fetching.list_jobs_async(status=status) for status in ("doing", "todo")]
    assert list(map(len, map(list, counted))) == [CONCURRENCY, 2]
    taken += [await fetching.fetch_job([queue], worker) for _ in range(CONCURRENCY - 1)]
    ids = [job.id for job in taken if job is not None]
    assert ids == sorted(set(ids))
    assert len(ids) == CONCURRENCY
    first = taken[0]
    assert first is not None
    await fetching.finish_job(first, Status.SUCCEEDED, delete_job=True)
    after = await fetching.fetch_job([queue], worker)
    assert after is not None
    assert after.id not in ids
    assert len(list(await fetching.list_jobs_async(status="todo"))) == 1


async def test_of_one_lock_one_is_claimed_and_the_urgent_come_first(
    own: OwnDatabase, fetching: Fetching
) -> None:
    queue, worker = queues_of(own.tenant)[0], await _worker(fetching)
    await _deferred(own, "a", "a", "b")
    await _deferred(own, None, priority=100)
    taken = [await fetching.fetch_job([queue], worker) for _ in range(4)]
    assert [job and (job.priority, job.lock) for job in taken] == [
        (100, None),
        (0, f"{own.tenant}/a"),
        (0, f"{own.tenant}/b"),
        None,
    ]


async def test_what_was_fetched_for_a_worker_that_is_gone_is_not_handed_to_its_successor(
    own: OwnDatabase, fetching: Fetching
) -> None:
    queue = queues_of(own.tenant)[0]
    first, second = await _worker(fetching), await _worker(fetching)
    await _deferred(own, None, None)
    assert await fetching.fetch_job([queue], first) is not None
    assert await fetching.fetch_job([queue], second) is None
