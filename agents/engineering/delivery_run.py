"""The run in which agents write a plan's stories: what becomes of it is shown on the plan's one message."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.delivery_rows import DELIVERY
from agents.work.kinds import RunKind
from agents.work.tables import RunRow
from storage.notices import notify


async def _changed(tx: AsyncSession, run: RunRow) -> None:
    if run.place is None:
        return
    plan = (run.subject or "").removeprefix("plan:")
    await notify(tx, "plan_progress", {"plan": plan, "key": f"progress:{plan}"}, place=run.place, turn=run.turn)


RUN = RunKind(DELIVERY, _changed)
