"""Whether something new may reach production just now: the fact `outside_blackout` of the authority matrix."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.authority.vocabulary import Given
from governance.blackouts import blackout_at, until_words
from governance.department_rows import read_department
from governance.tables import EffectRow
from integrations.deployments import Stage
from integrations.deployments.actions import CanaryAction, DeploymentAction

BLACKOUT_FACTS = ("outside_blackout",)


async def outside_blackout(action: DeploymentAction, tx: AsyncSession) -> Mapping[str, Given]:
    """The fact, and beside it, where it is false, the blackout in words. Staging has none. A canary that was
    begun in a blackout was let past it by an emergency deployment, and goes on."""
    if action.environment is not Stage.PRODUCTION:
        return {"outside_blackout": True}
    department = await read_department(tx)
    span = blackout_at(department, action.service, datetime.now(UTC))
    if span is None:
        return {"outside_blackout": True}
    if isinstance(action, CanaryAction):
        begun = select(EffectRow.claimed).where(EffectRow.grant_id == action.canary)
        at = (await tx.execute(begun)).scalar()
        if at is not None and blackout_at(department, action.service, at) is not None:
            return {"outside_blackout": True}
    return {"outside_blackout": False, "blackout": until_words(span, department)}
