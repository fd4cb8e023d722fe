"""The driver's own connection under SQLAlchemy's, for the two places where every microsecond is repeated."""

from __future__ import annotations

import psycopg
from sqlalchemy.ext.asyncio import AsyncConnection


async def driver_of(connection: AsyncConnection) -> psycopg.AsyncConnection:
    """The same connection, in the same transaction, without the layers above it."""
    driver = (await connection.get_raw_connection()).driver_connection
    if not isinstance(driver, psycopg.AsyncConnection):
        raise TypeError("the audit log is kept in PostgreSQL through psycopg")
    return driver
