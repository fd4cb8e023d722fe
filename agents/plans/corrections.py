"""What people say of a document's statements: kept by document, and held to whenever it is read again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agents.planning.grouping import Grouping, Groupings
from agents.planning.reading.judge import Sense
from agents.planning.reading.statement import Corrections, Told
from agents.plans.tables import ReadingCorrectionRow, StoryGroupingRow
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


async def groupings_of(tx: AsyncSession, document: str) -> Groupings:
    """What was said of this document's stories, the last word on each statement."""
    rows = await tx.execute(select(StoryGroupingRow).where(StoryGroupingRow.document == document))
    return {
        row.statement: Grouping(row.story, row.cut, await name_of(tx, row.person)) for row in rows.scalars()
    }


async def group(
    tx: AsyncSession, document: str, stories: Mapping[str, str], cut: bool, person: str, now: datetime
) -> None:
    """Keep what somebody says of stories: each statement to that with which its story begins."""
    for statement, story in stories.items():
        said = {"story": story, "cut": cut, "person": person, "at": now}
        row = insert(StoryGroupingRow).values(document=document, statement=statement, **said)
        await tx.execute(
            row.on_conflict_do_update(index_elements=["tenant", "document", "statement"], set_=said)
        )
