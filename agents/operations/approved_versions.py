"""Which versions a target has had with leave: the fact `previously_approved` of the authority matrix."""

from __future__ import annotations

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.tables import EffectRow
from integrations.deployments.actions import BeginCanary, Deploy, PromoteCanary, RollBack

_BRINGS = (Deploy.type, PromoteCanary.type, RollBack.type)
_REPLACES = (Deploy.type, BeginCanary.type, PromoteCanary.type)


async def previously_approved(action: RollBack, tx: AsyncSession) -> bool:
    """Whether this very release (by digest) was brought to this target by an effect that was carried out, or
    was what one replaced: going back to it stands in that one's approval."""
    body = EffectRow.body
    brought = and_(
        EffectRow.action_type.in_(_BRINGS),
        body["version"].astext == action.version,
        body["content"].astext == action.content,
    )
    replaced = and_(
        EffectRow.action_type.in_(_REPLACES),
        body["before"].astext == action.version,
        body["before_content"].astext == action.content,
    )
    query = select(EffectRow.id).where(
        EffectRow.state == "done",
        body["service"].astext == action.service,
        body["environment"].astext == action.environment.value,
        or_(brought, replaced),
    )
    return (await tx.execute(query.limit(1))).first() is not None
