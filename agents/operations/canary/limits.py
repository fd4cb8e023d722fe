"""What an approved canary covers: the fact `within_canary` of the authority matrix."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.canary.canary_run import BEGIN, approved
from agents.operations.canary.tables import CanaryRow
from agents.work.tables import RunRow, StepRow
from governance.tables import EffectRow
from integrations.deployments.actions import CanaryAction, PromoteCanary, StepCanary


async def within_canary(action: CanaryAction, tx: AsyncSession) -> bool:
    """Whether an action is what comes next of a canary that was approved and begun, and whose run goes on: the
    share after the one that the judge let pass, or the promotion once it let all of them; not one that is to be
    asked about."""
    query = (
        select(CanaryRow)
        .join(RunRow, (RunRow.tenant == CanaryRow.tenant) & (RunRow.id == CanaryRow.run))
        .join(StepRow, (StepRow.tenant == CanaryRow.tenant) & (StepRow.run == CanaryRow.run))
        .join(EffectRow, (EffectRow.tenant == StepRow.tenant) & (EffectRow.id == StepRow.effect))
        .where(RunRow.state == "running", StepRow.key == BEGIN)
        .where(EffectRow.grant_id == action.canary, EffectRow.state == "done")
    )
    row = (await tx.execute(query)).scalar()
    if row is None:
        return False
    begun = approved(row)
    if (begun.target, begun.version) != (action.target, action.version):
        return False
    judged = len(begun.shares) - 1
    if isinstance(action, StepCanary):
        return 0 < row.passed < judged and action.share == begun.shares[row.passed]
    if begun.promotion == "ask":
        return False
    return isinstance(action, PromoteCanary) and row.passed == judged and action.content == begun.content
