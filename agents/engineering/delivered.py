"""What agents brought to people in a span of time: merges, releases in each stage, and what the models cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.tables import StoryReleaseRow
from agents.usage import UsedSoFar, used_since
from governance.tables import EffectRow


@dataclass(frozen=True, slots=True)
class Delivered:
    """Changes that agents `merged`, stories that came to `staging` and to `production`, and what all agents
    used of their models."""

    merged: int
    staging: int
    production: int
    used: UsedSoFar

    @property
    def anything(self) -> bool:
        """Whether there is something to tell of."""
        return bool(self.merged or self.staging or self.production or self.used.calls)


async def delivered(tx: AsyncSession, since: datetime) -> Delivered:
    """What came of their work from `since` on."""
    merged = select(func.count()).where(
        EffectRow.action_type == "code.merge_pull_request",
        EffectRow.state == "done",
        EffectRow.finished >= since,
    )
    staged, produced = (
        select(func.count()).where(reached >= since)
        for reached in (StoryReleaseRow.staged, StoryReleaseRow.produced)
    )
    return Delivered(
        merged=await tx.scalar(merged) or 0,
        staging=await tx.scalar(staged) or 0,
        production=await tx.scalar(produced) or 0,
        used=await used_since(tx, since),
    )
