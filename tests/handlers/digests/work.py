"""What happens to stories between one digest and the next."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from integrations.tracker import StoryStatus
from integrations.tracker.vendors.local.tables import StoryEventRow, StoryRow
from tests.handlers.conftest import Talk


async def move(talk: Talk, story: str, status: StoryStatus, at: datetime, reason: str | None = None) -> None:
    """A story comes into a status, as the tracker writes it."""
    finished = at if status is StoryStatus.DONE else None
    async with talk.database.transaction(talk.tenant) as tx:
        row = update(StoryRow).where(StoryRow.id == story)
        await tx.execute(row.values(status=status, finished=finished, blocked_reason=reason))
        tx.add(StoryEventRow(story=story, at=at, status=status, by="mei.tanemori", reason=reason))
