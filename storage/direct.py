"""Statements spoken to the driver itself, for what every turn does.

SQLAlchemy takes several times as long to build a statement and map its rows as the driver takes to run it.
These run on the transaction's own connection, inside it; like the session's own statements they see what the
session has changed, and callers see SQLAlchemy's errors.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Generic, LiteralString, TypeVar

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database import driver_of

__all__ = ["Jsonb", "Query", "answer", "both", "row", "rows", "run", "together"]

_Read = TypeVar("_Read")
_Other = TypeVar("_Other")


async def rows(tx: AsyncSession, statement: LiteralString, values: Mapping[str, object]) -> list[Any]:
    """The rows that a statement returns, as tuples. `values` by name (`%(name)s`); JSON travels as Jsonb."""
    return await (await _executed(tx, statement, values)).fetchall()


async def row(tx: AsyncSession, statement: LiteralString, values: Mapping[str, object]) -> Any:
    """The first row that a statement returns, as a tuple; None if there is none."""
    return await (await _executed(tx, statement, values)).fetchone()


async def run(tx: AsyncSession, statement: LiteralString, values: Mapping[str, object]) -> None:
    """Run a statement for its effect alone."""
    await _executed(tx, statement, values)


@dataclass(frozen=True, slots=True)
class Query(Generic[_Read]):
    """A statement that only reads, with what its rows come to."""

    statement: LiteralString
    values: Mapping[str, object]
    read: Callable[[list[Any]], _Read]


async def answer(tx: AsyncSession, query: Query[_Read]) -> _Read:
    """What a query comes to."""
    return query.read(await rows(tx, query.statement, query.values))


async def both(tx: AsyncSession, first: Query[_Read], second: Query[_Other]) -> tuple[_Read, _Other]:
    """What two queries come to, in one round trip: half of what a turn's queries cost is waiting for them."""
    async with together(tx):
        cursors = [await _executed(tx, query.statement, query.values) for query in (first, second)]
    return first.read(await cursors[0].fetchall()), second.read(await cursors[1].fetchall())


@asynccontextmanager
async def together(tx: AsyncSession) -> AsyncIterator[None]:
    """What is `run` in the block goes out in one round trip; if one fails, the block raises at its end.

    Nothing else may be asked of `tx` in the block: the session would take an answer for its own.
    """
    driver = driver_of(tx)
    await _flush(tx)
    with _errors_of_sqlalchemy(driver, "several statements together"):
        async with driver.pipeline():
            yield


async def _executed(
    tx: AsyncSession, statement: LiteralString, values: Mapping[str, object]
) -> psycopg.AsyncCursor[Any]:
    driver = driver_of(tx)
    if not driver.pgconn.pipeline_status:
        await _flush(tx)
    with _errors_of_sqlalchemy(driver, statement):
        return await driver.execute(statement, values)


async def _flush(tx: AsyncSession) -> None:
    if tx.new or tx.dirty or tx.deleted:
        await tx.flush()


@contextmanager
def _errors_of_sqlalchemy(driver: psycopg.AsyncConnection, statement: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, connection_invalidated=driver.closed
        ) from error
