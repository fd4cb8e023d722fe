"""The database of orders: a pool of fixed size, and a count of what is asked of it."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web
from prometheus_client import REGISTRY, Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from psycopg import AsyncConnection, InterfaceError, OperationalError
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests
from service import NAMES, Unavailable

POOL = web.AppKey("pool", AsyncConnectionPool)

_SIZE = int(os.environ["POOL_SIZE"])
_ROUND_TRIP_SECONDS = float(os.environ["DATABASE_ROUND_TRIP_MS"]) / 1000
"""What a network between a service and its database costs each query, which one machine has not."""
_WAITS_SECONDS = 2.0
_MOST_WAITING = 200
_SCHEMA = f"{NAMES['service']}_{os.environ['STAGE']}".replace("-", "_")
_QUERIES = Counter("db_queries", "Queries", list(NAMES))


class Asking:
    """One connection, as long as a request holds it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def __call__(self, query: str, *values: object) -> list[tuple]:
        """The rows of one query."""
        _QUERIES.labels(**NAMES).inc()
        await asyncio.sleep(_ROUND_TRIP_SECONDS)
        return await (await self._connection.execute(query, values)).fetchall()


async def hold(pool: AsyncConnectionPool, work, *values: object):
    """What `work` makes of one connection of the pool. Raises Unavailable where none is free in time, or the
    database does not answer."""
    try:
        async with pool.connection() as connection:
            return await work(Asking(connection), *values)
    except (PoolTimeout, TooManyRequests) as full:
        raise Unavailable("no connection to the database was free") from full
    except (OperationalError, InterfaceError) as away:
        raise Unavailable("the database did not answer") from away


class _PoolMetrics:
    """The pool's own figures, at the moment at which somebody asks."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    def collect(self):
        stats = self._pool.get_stats()
        size, labels = stats["pool_size"], list(NAMES.values())
        for name, words, value in (
            ("db_pool_size", "Connections", size),
            ("db_pool_in_use", "Connections that a request holds", size - stats["pool_available"]),
            ("db_pool_waiting", "Requests that wait for a connection", stats["requests_waiting"]),
        ):
            gauge = GaugeMetricFamily(name, words, labels=list(NAMES))
            gauge.add_metric(labels, value)
            yield gauge
        for name, words, value in (
            ("db_pool_waits", "Requests that had to wait for a connection", stats.get("requests_queued", 0)),
            ("db_pool_wait_seconds", "Time that they waited", stats.get("requests_wait_ms", 0) / 1000),
            ("db_pool_refusals", "Requests that got none", stats.get("requests_errors", 0)),
        ):
            counter = CounterMetricFamily(name, words, labels=list(NAMES))
            counter.add_metric(labels, value)
            yield counter


async def connected(app: web.Application) -> AsyncIterator[None]:
    """Bring the schema up to date, then open the pool, which the application has from then on."""
    url, options = os.environ["DATABASE_URL"], f"-c search_path={_SCHEMA}"
    async with await AsyncConnection.connect(url, options=options) as connection:
        await _migrate(connection)
    async with AsyncConnectionPool(
        url,
        kwargs={"options": options, "autocommit": True},
        min_size=_SIZE,
        max_size=_SIZE,
        timeout=_WAITS_SECONDS,
        max_waiting=_MOST_WAITING,
        open=False,
    ) as pool:
        await pool.wait()
        REGISTRY.register(_PoolMetrics(pool))
        app[POOL] = pool
        yield


async def _migrate(connection: AsyncConnection) -> None:
    """What is in every release's `migrations`, then what is in this one's; each once, one replica at a time."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (_SCHEMA,))
    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}")
    await connection.execute("CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY)")
    done = {name async for (name,) in await connection.execute("SELECT name FROM migrations")}
    for folder in (Path(__file__).parent, Path.cwd()):
        for file in sorted((folder / "migrations").glob("*.sql")):
            if file.name not in done:
                await connection.execute(file.read_text())
                await connection.execute("INSERT INTO migrations VALUES (%s)", (file.name,))
