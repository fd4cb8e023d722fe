"""The one database: PostgreSQL, entered one tenant and one transaction at a time."""

from __future__ import annotations

import asyncio
import select
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from sqlalchemy import Select, event
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session


class Database:
    """An engine whose every session belongs to one tenant.

    Row-level security reads the tenant from the transaction's setting, so that a query which forgets
    it sees nothing, and one with another tenant's id finds nothing. The engine connects as a role
    that owns no table: owners and superusers are exempt from row-level security.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str, *, pool_size: int = 10) -> Database:
        """Make the pool (connections are opened on demand). `url` is `postgresql://…`."""
        engine = create_async_engine(
            sqlalchemy_url(url),
            pool_size=pool_size,
            max_overflow=pool_size,
            isolation_level="AUTOCOMMIT",  # the driver adds no BEGIN of its own to ours
        )
        event.listen(engine.sync_engine, "checkout", _refuse_the_dead)
        return cls(engine)

    async def close(self) -> None:
        """Close every pooled connection."""
        await self.engine.dispose()

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncIterator[AsyncSession]:
        """One transaction as `tenant`: commits when the block ends, rolls back when it raises."""
        if not tenant:
            raise ValueError("a transaction needs a tenant; use untenanted() for the few tables without one")
        async with self._begun(_begin_as(tenant)) as session:
            session.info["tenant"] = tenant
            yield session

    @asynccontextmanager
    async def untenanted(self) -> AsyncIterator[AsyncSession]:
        """One transaction without a tenant: every tenant's rows are hidden from it."""
        async with self._begun(b"BEGIN") as session:
            yield session

    @asynccontextmanager
    async def statements(
        self, tenant: str, *, read_only: bool = False, alone: str | None = None
    ) -> AsyncIterator[AsyncSession]:
        """A session as `tenant` whose every statement is a transaction of its own: for what speaks with the
        outside world between them. What belongs together goes into `atomically`. With `read_only` PostgreSQL
        refuses every write. Of the sessions that are `alone` in something of one name, one is open at a time:
        by a lock of the connection, which ends with it, so that no transaction is held for that.
        """
        begin, end = _settings(tenant, read_only=read_only), _settings("", read_only=False)
        if alone is not None:
            begin, end = _alone(begin, "lock", tenant, alone), _alone(end, "unlock", tenant, alone)
        session = AsyncSession(self.engine, expire_on_commit=False)
        try:
            session.info["driver"] = driver = await session.run_sync(_driver)
            session.info["tenant"], session.info["statements"] = tenant, True
            await _begin(session, driver, begin)
            yield session
            await session.run_sync(Session.flush)
            await driver.execute(end)  # the next transaction says its own tenant
            await session.close()
        except BaseException as raised:
            await asyncio.shield(_end_statements(session, raised, end))
            raise

    @asynccontextmanager
    async def _begun(self, begin: bytes) -> AsyncIterator[AsyncSession]:
        # Not `async with session.begin()`: that goes to and fro between loop and greenlet five times.
        session = AsyncSession(self.engine, expire_on_commit=False)
        try:
            session.info["driver"] = driver = await session.run_sync(_driver)
            await _begin(session, driver, begin)
            with _held():
                yield session
                await session.run_sync(Session.commit)
        except BaseException as raised:  # whatever it was, nothing of it stays, and it goes on
            await asyncio.shield(_end(session, raised))
            raise


@asynccontextmanager
async def atomically(tx: AsyncSession) -> AsyncIterator[None]:
    """What the block does stands whole or not at all; within a transaction it is simply a part of that."""
    if not speaks_in_statements(tx):
        yield
        return
    driver = driver_of(tx)
    await tx.flush()
    await driver.execute(b"BEGIN")
    tx.info["statements"] = False
    try:
        with _held():
            yield
            await tx.flush()
            await driver.execute(b"COMMIT")
    except BaseException:
        tx.expunge_all()
        if not driver.closed:
            await asyncio.shield(driver.execute(b"ROLLBACK"))
        raise
    finally:
        tx.info["statements"] = True


def speaks_in_statements(tx: AsyncSession) -> bool:
    """Whether no transaction is open in this session: see `Database.statements`."""
    return bool(tx.info.get("statements"))


@dataclass
class _Holding:
    is_open: bool = True


_HOLDING: ContextVar[_Holding | None] = ContextVar("holding", default=None)


@contextmanager
def _held() -> Iterator[None]:
    """Marks, for whoever runs within, that a transaction is open. A task that was started within and goes on
    after its end is not marked any more."""
    before = _HOLDING.get()
    holding = _Holding()
    _HOLDING.set(holding)
    try:
        yield
    finally:
        holding.is_open = False
        _HOLDING.set(before)


def holds_transaction() -> bool:
    """Whether this task holds a transaction open: then it must not wait for the outside world."""
    holding = _HOLDING.get()
    return holding is not None and holding.is_open


async def _end_statements(session: AsyncSession, raised: BaseException, end: bytes) -> None:
    driver: psycopg.AsyncConnection | None = session.info.get("driver")
    if isinstance(raised, asyncio.CancelledError) or driver is None or driver.closed or _is_busy(driver):
        await session.invalidate()
        return
    try:
        await driver.execute(end)
    except psycopg.Error:
        await session.invalidate()
        return
    await session.close()


async def _end(session: AsyncSession, raised: BaseException) -> None:
    # What was under way when a task was cancelled, or ran out of time, may still be answered on this
    # connection; whoever came next would take that answer for their own.
    driver: psycopg.AsyncConnection | None = session.info.get("driver")
    if isinstance(raised, asyncio.CancelledError) or (driver is not None and _is_busy(driver)):
        await session.invalidate()
    else:
        await session.close()


def _is_busy(driver: psycopg.AsyncConnection) -> bool:
    status = driver.pgconn.transaction_status
    return bool(driver.pgconn.pipeline_status) or status == psycopg.pq.TransactionStatus.ACTIVE


def _driver(session: Session) -> psycopg.AsyncConnection:
    driver = session.connection().connection.driver_connection
    if not isinstance(driver, psycopg.AsyncConnection):
        raise TypeError("the database is PostgreSQL through psycopg")
    return driver


async def _begin(session: AsyncSession, driver: psycopg.AsyncConnection, begin: bytes) -> None:
    try:
        await driver.execute(begin)
    except psycopg.OperationalError as lost:
        await (await session.connection()).invalidate(lost)
        raise OperationalError(begin.decode(), None, lost, connection_invalidated=True) from lost


@lru_cache(maxsize=1000)
def _begin_as(tenant: str) -> bytes:
    # One message and one answer: every transaction begins with both.
    begin = sql.SQL("BEGIN; SELECT set_config('app.tenant', {}, true)")
    return begin.format(sql.Literal(tenant)).as_bytes()


def _settings(tenant: str, *, read_only: bool) -> bytes:
    # Of the connection, not of a transaction: there is none.
    said = sql.SQL(
        "SELECT set_config('app.tenant', {}, false), set_config('default_transaction_read_only', {}, false)"
    )
    return said.format(sql.Literal(tenant), sql.Literal("on" if read_only else "off")).as_bytes()


def _alone(settings: bytes, lock: str, tenant: str, what: str) -> bytes:
    # In one message with the settings. The name is a literal: the statement is never prepared.
    name = sql.Literal(f"{tenant} {what}").as_bytes()
    return b"%s, pg_advisory_%s(hashtextextended(%s, 0))" % (settings, lock.encode(), name)


def _refuse_the_dead(adapted: Any, _record: Any, _proxy: Any) -> None:
    if is_dead(adapted.driver_connection):
        raise DisconnectionError("the server ended this connection while it was idle")


def is_dead(driver: psycopg.AsyncConnection) -> bool:
    """Whether an idle connection is of no use any more. A pool then makes a new one.

    It has nothing to say unless the server ended it: then its socket can be read. That costs no round trip,
    as a ping would at every transaction.
    """
    if driver.closed:
        return True
    watching = select.poll()
    watching.register(driver.pgconn.socket, select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(watching.poll(0))


def is_disk_full(failure: OperationalError) -> bool:
    """Whether the server refused to write for want of room."""
    return isinstance(failure.orig, psycopg.errors.DiskFull)


_Query = TypeVar("_Query", bound=Select[Any])


def locked(query: _Query) -> _Query:
    """The query `FOR UPDATE`, its rows as they are once the lock is had.

    A session hands out what it has read before; whoever waited for the lock must see what was committed
    meanwhile.
    """
    return query.with_for_update().execution_options(populate_existing=True)


def tenant_of(tx: AsyncSession) -> str:
    """The tenant whose transaction this is."""
    tenant: str = tx.info["tenant"]
    return tenant


def driver_of(tx: AsyncSession) -> psycopg.AsyncConnection:
    """The driver's own connection under a transaction; see `storage.direct`."""
    driver: psycopg.AsyncConnection = tx.info["driver"]
    return driver


def sqlalchemy_url(url: str) -> str:
    """The same URL with psycopg 3 named as the driver."""
    return url.replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+psycopg://", 1)
