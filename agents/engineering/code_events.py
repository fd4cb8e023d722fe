"""What a code host tells wakes whoever waits for it: a run that looks each minute looks at once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.tables import StoryWorkRow
from agents.work.runs import look_at_once
from agents.work.tables import RunRow, StepRow
from storage.jobs import defer

_ONCE_MORE = timedelta(seconds=2)
_MOST_RUNS = 500


async def look_at_code(tx: AsyncSession, repository: str, now: datetime, *, is_second: bool) -> None:
    """Let the runs that wait for a repository look at it now; for any of them, where none is named. Whoever was
    looking just then may have seen it as it was before, and is asked once more after a moment."""
    query = (
        select(StepRow.run, StepRow.state)
        .join(RunRow, RunRow.id == StepRow.run)
        .join(StoryWorkRow, StoryWorkRow.run == StepRow.run)
        .where(RunRow.state == "running", StepRow.state.in_(("asleep", "running")))
    )
    if repository:
        query = query.where(func.lower(StoryWorkRow.repository) == repository.lower())
    found = (await tx.execute(query.order_by(StepRow.run).limit(_MOST_RUNS))).all()
    for run in dict.fromkeys(run for run, state in found if state == "asleep"):  # in the order of their ids
        await look_at_once(tx, run, now)
    if not is_second and any(state == "running" for _, state in found):
        again = {"repository": repository, "is_second": "yes"}
        await defer(tx, "look_at_code", again, lock=f"code:{repository}:second", at=now + _ONCE_MORE)
