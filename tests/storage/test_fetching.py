"""Fetching a job takes as much from a long queue as from a short one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg
import pytest
from procrastinate import sql as engine_sql

from storage.embedded import EmbeddedServer

QUEUE = "a-long-queue"
WAITING = 2_000
FETCH = re.sub(r"%\(\w+\)s", "%s", engine_sql.queries["fetch_job"]).strip().rstrip(";")
"""The engine's own statement, whatever function it calls in this version."""


@pytest.fixture
def connection(server: EmbeddedServer) -> Iterator[psycopg.Connection]:
    with psycopg.connect(server.app_url, autocommit=True) as opened:
        yield opened
        opened.execute("DELETE FROM procrastinate_jobs WHERE queue_name = %s", (QUEUE,))
        opened.execute("DELETE FROM procrastinate_workers WHERE id = %s", (opened.info.backend_pid,))


def _fill(connection: psycopg.Connection, jobs: int = WAITING) -> int:
    """That many jobs of one queue, each under a lock of its own, and the worker that fetches them."""
    filled = """
        INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args)
        SELECT %s, 'turn', 'thread-' || number, '{}' FROM generate_series(1, %s) AS number
    """
    connection.execute(filled, (QUEUE, jobs))
    worker = connection.info.backend_pid
    known = "INSERT INTO procrastinate_workers (id) OVERRIDING SYSTEM VALUE VALUES (%s) ON CONFLICT DO NOTHING"
    connection.execute(known, (worker,))
    return worker


def _blocks_of_a_fetch(connection: psycopg.Connection, worker: int) -> int:
    explained = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {FETCH}", ([QUEUE], worker))
    ((plan,),) = explained.fetchone() or pytest.fail("no plan")
    return int(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])


def test_a_fetch_does_not_read_all_that_waits(connection: psycopg.Connection) -> None:
    """Held against a short queue, for what other tests left in the table is passed by each time."""
    worker = _fill(connection, jobs=3)
    first, second = (connection.execute(FETCH, ([QUEUE], worker)).fetchone() for _ in range(2))
    assert first is not None
    assert second is not None
    assert (second[0], first[4]) == (first[0] + 1, "thread-1")
    short = _blocks_of_a_fetch(connection, worker)
    _fill(connection)
    assert _blocks_of_a_fetch(connection, worker) < short + WAITING / 10


def test_it_does_not_sort_them_whatever_the_planner_thinks(connection: psycopg.Connection) -> None:
    """What it thinks depends on what the table held when it last looked, so it is told."""
    (called,) = re.findall(r"\b(procrastinate_fetch_job\w*)\(", FETCH)
    told = connection.execute("SELECT proconfig FROM pg_proc WHERE proname = %s", (called,)).fetchone()
    assert told == (["enable_sort=off", "enable_bitmapscan=off"],)


def test_a_lock_is_looked_up_by_an_index(connection: psycopg.Connection) -> None:
    with connection.transaction():
        _fill(connection)
        for kind in ("seqscan", "bitmapscan"):
            connection.execute(f"SET LOCAL enable_{kind} = off")
        asked = "SELECT FROM procrastinate_jobs WHERE lock = 'thread-7' AND status IN ('todo', 'doing')"
        explained = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {asked}")
        ((plan,),) = explained.fetchone() or pytest.fail("no plan")
        assert plan["Plan"]["Shared Hit Blocks"] < 10
