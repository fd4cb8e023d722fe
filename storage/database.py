"""The one database: PostgreSQL, entered one tenant and one transaction at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

_SET_TENANT = text("SELECT set_config('app.tenant', :tenant, true)")


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
            sqlalchemy_url(url), pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True
        )
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
            await session.execute(_SET_TENANT, {"tenant": tenant})
            session.info["tenant"] = tenant
            yield session

    @asynccontextmanager
    async def untenanted(self) -> AsyncIterator[AsyncSession]:
        """One transaction without a tenant: every tenant's rows are hidden from it."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            yield session


def tenant_of(tx: AsyncSession) -> str:
    """The tenant whose transaction this is."""
    tenant: str = tx.info["tenant"]
    return tenant


def sqlalchemy_url(url: str) -> str:
    """The same URL with psycopg 3 named as the driver."""
    return url.replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+psycopg://", 1)
