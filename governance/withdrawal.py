"""Withdrawing effects: those whose approval will not come, does not stand any more, or was overruled."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Outcome, OutcomeState
from governance.effects import outcome_to_json, queue_effect, wake_owner
from governance.tables import EffectRow
from storage.database import locked

STOPPABLE = ("parked", "held", "ready")
"""States of effects that nobody has begun on: the port has not been called, and will not be."""


async def withdraw(tx: AsyncSession, approval: str, why: str) -> int:
    """End what nobody has begun on of what `approval` asked for. Returns how many effects that was.

    The rows stay locked until `tx` ends: a claim either came before, and its effect is under way, or finds
    the effect withdrawn.
    """
    waiting = select(EffectRow).where(EffectRow.approval == approval, EffectRow.state.in_(STOPPABLE))
    rows = (await tx.execute(locked(waiting.order_by(EffectRow.position)))).scalars().all()
    for row in rows:
        await stop(tx, row, why)
    return len(rows)


async def stop(tx: AsyncSession, row: EffectRow, why: str) -> None:
    """Withdraw one effect that nobody has begun on, and let its plan take note."""
    row.state = "withdrawn"
    row.outcome = outcome_to_json(Outcome(OutcomeState.FAILED, why))
    if row.intent is not None:
        await queue_effect(tx, row)  # to put on record that what was intended was not done
    else:
        await wake_owner(tx, row)
