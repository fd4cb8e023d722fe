"""Parts of a transaction: one in which PostgreSQL refuses every write, one that stands whole or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database import driver_of, speaks_in_statements


class WriteRefused(Exception):
    """Something in a read-only part of a transaction was about to write. Nothing of the part stays."""


def is_refused_write(raised: BaseException) -> bool:
    """Whether PostgreSQL refused to write, to lock a row, or to make a savepoint of what is no transaction."""
    return isinstance(raised, DBAPIError) and isinstance(
        raised.orig, psycopg.errors.ReadOnlySqlTransaction | psycopg.errors.NoActiveSqlTransaction
    )


@asynccontextmanager
async def read_only(tx: AsyncSession) -> AsyncIterator[None]:
    """A savepoint that reads only. PostgreSQL gives a savepoint's access mode back when it ends, so what
    comes after it may write again. Raises WriteRefused at the end of the block or from within it.

    The session sends no changed object by itself in the block: a flush that fails would end the whole
    transaction, so what is waiting at the end counts as a write and is forgotten.
    """
    if speaks_in_statements(tx):
        async with _refusing(tx):
            yield
        return
    await tx.flush()
    driver = driver_of(tx)
    await driver.execute(b"SAVEPOINT part; SET TRANSACTION READ ONLY")
    try:
        with tx.no_autoflush:
            yield
    except BaseException as raised:
        if driver.closed:
            raise
        await _undo(tx, driver)
        if is_refused_write(raised):
            raise WriteRefused from raised
        raise
    if tx.new or tx.deleted or any(tx.is_modified(one) for one in tx.dirty):
        await _undo(tx, driver)
        raise WriteRefused
    await driver.execute(b"RELEASE SAVEPOINT part")


@asynccontextmanager
async def whole(tx: AsyncSession) -> AsyncIterator[None]:
    """A savepoint whose changes all stand, or none if the block raises."""
    if speaks_in_statements(tx):
        async with _refusing(tx):
            yield
        return
    await tx.flush()
    driver = driver_of(tx)
    await driver.execute(b"SAVEPOINT part")
    try:
        yield
        await tx.flush()
    except BaseException:
        if not driver.closed:
            await _undo(tx, driver)
        raise
    await driver.execute(b"RELEASE SAVEPOINT part")


@asynccontextmanager
async def _refusing(tx: AsyncSession) -> AsyncIterator[None]:
    """The same where nothing can be written anyhow: a session of read-only statements."""
    try:
        with tx.no_autoflush:
            yield
    except DBAPIError as refused:
        if is_refused_write(refused):
            raise WriteRefused from refused
        raise
    if tx.new or tx.deleted or any(tx.is_modified(one) for one in tx.dirty):
        tx.expunge_all()
        raise WriteRefused


async def _undo(tx: AsyncSession, driver: psycopg.AsyncConnection) -> None:
    for made in list(tx.new):
        tx.expunge(made)
    for changed in [*tx.dirty, *tx.deleted]:
        tx.expire(changed)
    await driver.execute(b"ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
