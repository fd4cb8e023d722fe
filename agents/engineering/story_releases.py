"""The releases of merged stories as rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.story_run import RUN
from agents.engineering.tables import StoryReleaseRow
from agents.work.tables import RunRow
from governance.outside_text import storable


async def keep_release(tx: AsyncSession, run: str, **known: Any) -> None:
    """Write down what is known of a story's release by now; what is not named stays as it was."""
    values = {name: storable(value) if isinstance(value, str) else value for name, value in known.items()}
    row = insert(StoryReleaseRow).values(run=run, **values)
    await tx.execute(row.on_conflict_do_update(index_elements=["tenant", "run"], set_=values))


async def release_of(tx: AsyncSession, run: str) -> StoryReleaseRow | None:
    """What is known of a story's release; None before it is merged."""
    query = select(StoryReleaseRow).where(StoryReleaseRow.run == run)
    return (await tx.execute(query.execution_options(populate_existing=True))).scalar()


async def releases_of(tx: AsyncSession, runs: Collection[str]) -> Mapping[str, StoryReleaseRow]:
    """What is known of the releases of these runs, by run."""
    query = select(StoryReleaseRow).where(StoryReleaseRow.run.in_(runs))
    found = (await tx.execute(query.execution_options(populate_existing=True))).scalars()
    return {row.run: row for row in found}


async def keep_production(
    tx: AsyncSession, runs: Collection[str], *, at: datetime | None = None, says: str | None = None
) -> None:
    """Write down for these stories that they are in production since then, or why not."""
    changed = {"produced": at} if at is not None else {"says": says}
    await tx.execute(update(StoryReleaseRow).where(StoryReleaseRow.run.in_(runs)).values(**changed))


async def show_work(tx: AsyncSession, run: str) -> None:
    """Bring a story's card up to date with what became of its release in another run."""
    row = (await tx.execute(select(RunRow).where(RunRow.id == run))).scalar_one()
    await RUN.changed(tx, row)
