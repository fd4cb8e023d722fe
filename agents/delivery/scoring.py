"""Whether what was told to be at risk came true: kept when it is told, judged once it is due, scored by Brier.

G. Brier, Verification of Forecasts Expressed in Terms of Probability (1950): the mean of (likelihood -
outcome)² over the statements that are judged; 0 is perfect, always saying 50 % gives .25.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import case, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agents.delivery.sprints import Today
from agents.delivery.tables import ToldRiskRow
from governance.visibility import EVERYTHING
from integrations.tracker import Story, StoryQuery, StoryStatus, Tracker

ENOUGH = 10
"""Judged statements under which their score says nothing."""
MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Told:
    """`item` is not done by `due`, with this likelihood."""

    item: str
    epic: str
    due: date
    likelihood: float


@dataclass(frozen=True, slots=True)
class Score:
    """Of the `judged` statements `came_true` did, where `expected` were to by their likelihoods."""

    judged: int
    came_true: int
    expected: float
    brier: float


async def keep_told(tx: AsyncSession, every: Iterable[Told], today: date) -> None:
    """Keep what was told today; what is due by now is no forecast and is not kept."""
    for one in every:
        if one.due < today:
            continue
        row = insert(ToldRiskRow).values(
            item=one.item, due=one.due, told=today, epic=one.epic, likelihood=one.likelihood
        )
        keys = ("tenant", "item", "due", "told")
        await tx.execute(
            row.on_conflict_do_update(index_elements=keys, set_={"likelihood": row.excluded.likelihood})
        )


async def judge(tx: AsyncSession, tracker: Tracker, today: Today) -> None:
    """Judge what is due by now; what is cancelled or gone is dropped, for it neither came true nor did not.
    Raises TrackerError."""
    query = select(ToldRiskRow).where(ToldRiskRow.came_true.is_(None), ToldRiskRow.due < today.day)
    rows = (await tx.execute(query.order_by(ToldRiskRow.due).limit(MOST_AT_ONCE))).scalars().all()
    if not rows:
        return
    ids = frozenset(row.item for row in rows)
    stories = {one.id: one for one in (await tracker.stories(EVERYTHING, StoryQuery(ids=ids))).items}
    ends = {row.item: await _epic_ends(tracker, row.item, today) for row in rows if row.item == row.epic}
    for row in rows:
        outcome = _late(row, stories, ends, today)
        if outcome is None:
            await tx.delete(row)
        else:
            row.came_true = outcome
    await tx.flush()


def _late(
    row: ToldRiskRow, stories: Mapping[str, Story], ends: Mapping[str, date | None], today: Today
) -> bool | None:
    if row.item in ends:
        end = ends[row.item]
        return end is None or end > row.due
    story = stories.get(row.item)
    if story is None or story.status is StoryStatus.CANCELLED:
        return None
    return story.finished is None or today.day_of(story.finished) > row.due


async def _epic_ends(tracker: Tracker, epic: str, today: Today) -> date | None:
    """The day on which the last story of an epic was done; None while one is open."""
    counts = await tracker.count_by_status(EVERYTHING, StoryQuery(epic=epic))
    final = {StoryStatus.DONE, StoryStatus.CANCELLED}
    if any(count for status, count in counts.items() if status not in final):
        return None
    done = StoryQuery(epic=epic, status=frozenset({StoryStatus.DONE}))
    finished = [one.finished for one in (await tracker.stories(EVERYTHING, done)).items if one.finished]
    return max((today.day_of(at) for at in finished), default=today.day)


async def score(tx: AsyncSession) -> Score | None:
    """Of everything that is judged; None if nothing is."""
    outcome = case((ToldRiskRow.came_true.is_(True), 1.0), else_=0.0)
    error = (ToldRiskRow.likelihood - outcome) * (ToldRiskRow.likelihood - outcome)
    query = select(func.count(), func.sum(outcome), func.sum(ToldRiskRow.likelihood), func.avg(error)).where(
        ToldRiskRow.came_true.is_not(None)
    )
    judged, true, expected, brier = (await tx.execute(query)).one()
    return Score(judged, int(true), float(expected), float(brier)) if judged else None
