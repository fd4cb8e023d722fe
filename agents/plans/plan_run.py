"""A plan's run: what its steps come to is the plan's, and shown on the plan's own message."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from agents.work.kinds import RunKind
from agents.work.tables import RunRow
from storage.jobs import defer

SUBJECT = "plan:"
"""What such a run is about, before the plan's id: a freeze of the plan stops its steps."""


async def _changed(tx: AsyncSession, run: RunRow) -> None:
    """The plan takes note in a transaction of its own: it is locked before its run, and here the run is."""
    plan = (run.subject or "").removeprefix(SUBJECT)
    turn = {"turn": run.turn} if run.turn else {}
    await defer(tx, "advance_plan", {"plan": plan} | turn, lock=f"plan:{plan}")


RUN = RunKind("plan", _changed)
