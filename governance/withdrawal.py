"""Withdrawing effects whose approval will not come."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Outcome, OutcomeState
from governance.effects import outcome_to_json
from governance.tables import EffectRow
from storage.jobs import defer


async def withdraw(tx: AsyncSession, approval: str, why: str) -> None:
    """End the effects that waited for `approval`, and let their plans take note."""
    waiting = select(EffectRow).where(EffectRow.approval == approval, EffectRow.state.in_(("parked", "held")))
    for row in (await tx.execute(waiting)).scalars():
        row.state = "withdrawn"
        row.outcome = outcome_to_json(Outcome(OutcomeState.FAILED, why))
        if row.plan is not None:
            await defer(tx, "advance_plan", {"plan": row.plan}, lock=f"plan:{row.plan}")
