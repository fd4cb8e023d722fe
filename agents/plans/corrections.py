"""What people say that a document's statements are: kept by document, and held to whenever it is read again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agents.planning.reading.judge import Sense
from agents.planning.reading.statement import Corrections, Told
from agents.plans.tables import ReadingCorrectionRow
from governance.directory import name_of


async def corrections_of(tx: AsyncSession, document: str) -> Corrections:
    """Everything that was said of this document's statements, the last word on each."""
    rows = await tx.execute(select(ReadingCorrectionRow).where(ReadingCorrectionRow.document == document))
    return {
        row.statement: Told(cast(Sense, row.sense), f"{await name_of(tx, row.person)} said so")
        for row in rows.scalars()
    }


async def correct(
    tx: AsyncSession, document: str, statements: Iterable[str], sense: Sense, person: str, now: datetime
) -> None:
    """Keep what somebody says that these statements are."""
    for statement in statements:
        said = {"sense": sense, "person": person, "at": now}
        row = insert(ReadingCorrectionRow).values(document=document, statement=statement, **said)
        await tx.execute(
            row.on_conflict_do_update(index_elements=["tenant", "document", "statement"], set_=said)
        )
