"""The one database: PostgreSQL, entered one tenant and one transaction at a time."""

from __future__ import annotations

import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

_SET_TENANT = "SELECT set_config('app.tenant', %s, true)"


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
        engine = create_async_engine(sqlalchemy_url(url), pool_size=pool_size, max_overflow=pool_size)
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
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            connection = await session.connection()
            session.info.update(tenant=tenant, driver=await _driver(connection))
            await _enter(connection, driver_of(session), tenant)
            yield session

    @asynccontextmanager
    async def untenanted(self) -> AsyncIterator[AsyncSession]:
        """One transaction without a tenant: every tenant's rows are hidden from it."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            session.info.update(driver=await _driver(await session.connection()))
            yield session


async def _driver(connection: AsyncConnection) -> psycopg.AsyncConnection:
    driver = (await connection.get_raw_connection()).driver_connection
    if not isinstance(driver, psycopg.AsyncConnection):
        raise TypeError("the database is PostgreSQL through psycopg")
    return driver


async def _enter(connection: AsyncConnection, driver: psycopg.AsyncConnection, tenant: str) -> None:
    # BEGIN and the setting travel together, below SQLAlchemy: every transaction begins with them.
    try:
        async with driver.pipeline():
            await driver.execute(_SET_TENANT, (tenant,))
    except psycopg.OperationalError as lost:
        await connection.invalidate(lost)
        raise OperationalError(_SET_TENANT, None, lost, connection_invalidated=True) from lost


def _refuse_the_dead(adapted: Any, _record: Any, _proxy: Any) -> None:
    # An idle connection has nothing to say, unless the server ended it: then its socket can be read. That
    # costs no round trip, as a ping would at every transaction. The pool then makes a new one.
    driver: psycopg.AsyncConnection = adapted.driver_connection
    if driver.closed or not _is_quiet(driver):
        raise DisconnectionError("the server ended this connection while it was idle")


def _is_quiet(driver: psycopg.AsyncConnection) -> bool:
    watching = select.poll()
    watching.register(driver.pgconn.socket, select.POLLIN | select.POLLHUP | select.POLLERR)
    return not watching.poll(0)


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
