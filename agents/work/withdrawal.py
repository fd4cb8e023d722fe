"""The action of a step that is not wanted any more: withdrawn, with the question that was asked about it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.approvals.asking import close_emptied
from governance.approvals.store import approval_row
from governance.effects import effect_for_update
from governance.people import Actor
from governance.tables import EffectRow
from governance.withdrawal import STOPPABLE, stop


async def withdraw_effect(tx: AsyncSession, effect: str, why: str, now: datetime, by: Actor) -> bool:
    """Withdraw a step's effect if nobody has begun on it, and close its approval. Returns whether it was so.

    The run's row is held; then the approval's is locked, then the effect's, as whoever votes does.
    """
    found = (await tx.execute(select(EffectRow.approval).where(EffectRow.id == effect))).scalar()
    approval = None if found is None else await approval_row(tx, found, lock=True)
    row = await effect_for_update(tx, effect)
    if row.state not in STOPPABLE:
        return False
    await stop(tx, row, why)
    await tx.flush()
    if approval is not None:
        await close_emptied(tx, approval, by, now, why)
    return True
