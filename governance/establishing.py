"""What code establishes of an action before it is ruled on: its cost, the day's spending, its type's own facts.

An action says what it costs for people to read. What rules is worked out here; of the two the greater, so
that nobody comes under a limit by saying less.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action
from governance.authority.vocabulary import SPENDS, Given, Unestablished
from governance.people import Actor
from governance.registry import ActionSpec
from governance.spending import spends


async def establish_own(
    tx: AsyncSession, spec: ActionSpec, action: Action, actor: Actor
) -> Mapping[str, Given]:
    """What is established of an action by itself, whatever else was spent. Takes no lock."""
    facts = await _of_its_type(tx, spec, action, actor)
    return {**facts, "cost": await _cost(tx, spec, action, actor)}


async def establish(
    tx: AsyncSession,
    spec: ActionSpec,
    action: Action,
    actor: Actor,
    *,
    moment: datetime,
    apart_from: str | None = None,
) -> Mapping[str, Given]:
    """The facts of an action at `moment`. `apart_from` is its own effect, whose cost does not count twice.

    Summing the day's spending takes a lock of `tx`; what costs nothing takes none.
    """
    facts = await establish_own(tx, spec, action, actor)
    cost = facts["cost"]
    if cost == 0:
        return {**facts, **dict.fromkeys(SPENDS, Decimal(0))}
    spent = await spends(
        tx,
        decision_type=action.decision_type,
        requester=actor.requester,
        service=spec.subject(action).service,
        moment=moment,
        apart_from=apart_from,
    )
    return {**facts, **spent}


def cost_in(facts: Mapping[str, Given], action: Action) -> Decimal:
    """What an action counts as spending: what was established, or what it says where nothing could be."""
    cost = facts["cost"]
    return cost if isinstance(cost, Decimal) else action.cost


async def _of_its_type(tx: AsyncSession, spec: ActionSpec, action: Action, actor: Actor) -> Mapping[str, Given]:
    if spec.establish is None:
        return {}
    try:
        return await spec.establish(action, actor, tx)
    except LookupError as missing:
        return dict.fromkeys(spec.establishes, Unestablished(str(missing)))


async def _cost(tx: AsyncSession, spec: ActionSpec, action: Action, actor: Actor) -> Decimal | Unestablished:
    try:
        found = await spec.costs(action, actor, tx)
    except LookupError as missing:
        return Unestablished(f"the cost is not known: {missing}")
    if not found.is_finite() or found < 0:
        return Unestablished("the cost is no amount of money")
    return max(found, action.cost)
