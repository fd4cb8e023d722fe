"""A part of a transaction that only reads: PostgreSQL refuses its writes, and what comes after may write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.conversation.tables import FeedbackRow
from storage import direct
from storage.database import Database
from storage.savepoints import WriteRefused, read_only


async def _by_the_session(tx: AsyncSession) -> None:
    tx.add(_row("fe_inside"))


async def _by_a_statement(tx: AsyncSession) -> None:
    await tx.execute(text("INSERT INTO feedback (id, person) VALUES ('fe_inside', 'nathan')"))


async def _by_the_driver(tx: AsyncSession) -> None:
    await direct.run(tx, "INSERT INTO feedback (id, person) VALUES ('fe_inside', 'nathan')", {})


async def _by_a_lock(tx: AsyncSession) -> None:
    await tx.execute(select(FeedbackRow).with_for_update())


def _row(id: str) -> FeedbackRow:
    return FeedbackRow(id=id, person="nathan", turn=None, useful=True, trust=None, comment=None)


@pytest.mark.parametrize("write", [_by_the_session, _by_a_statement, _by_the_driver, _by_a_lock])
async def test_a_write_is_refused_and_the_rest_of_the_transaction_stands(
    database: Database, tenant: str, write: Callable[[AsyncSession], Awaitable[None]]
) -> None:
    async with database.transaction(tenant) as tx:
        tx.add(_row("fe_before"))
        with pytest.raises(WriteRefused):
            async with read_only(tx):
                await write(tx)
        tx.add(_row("fe_after"))
    async with database.transaction(tenant) as tx:
        kept = (await tx.execute(select(FeedbackRow.id).order_by(FeedbackRow.id))).scalars().all()
    assert kept == ["fe_after", "fe_before"]


async def test_what_only_reads_is_let_through(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as tx:
        async with read_only(tx):
            count = (await tx.execute(select(func.count()).select_from(FeedbackRow))).scalar_one()
        tx.add(_row("fe_after"))
        await tx.flush()
    assert count == 0
