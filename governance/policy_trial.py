"""Trying a policy against history: what would have been ruled otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Ruling
from governance.authority.evaluate import rule
from governance.authority.policy import Policy
from governance.authority.request import Request
from governance.directory import names_of_all, people
from governance.effects import actor_of
from governance.gate import Gate
from governance.people import Role
from governance.policies import active_policy
from governance.registry import UnknownActionType
from governance.tables import EffectRow

MOST = 500
"""Past actions that are looked at, newest first: a trial is answered within a turn."""


@dataclass(frozen=True, slots=True)
class Otherwise:
    """One past action that the two policies rule on differently."""

    effect: str
    summary: str
    requester: str | None
    at: datetime
    before: Ruling
    after: Ruling


@dataclass(frozen=True, slots=True)
class Trial:
    """`looked_at` past actions since `since`; `passed_over` could not be decoded any more."""

    since: datetime
    looked_at: int
    passed_over: int
    otherwise: tuple[Otherwise, ...]


async def try_policy(tx: AsyncSession, gate: Gate, proposed: Policy, since: datetime) -> Trial:
    """Rule on past actions by the policy that rules now and by the proposed one, and compare.

    Both see the same: the roles and facts as they can be established now, the day's spending as it was
    then, and nothing that stood above the matrix. So every difference is the policy's.
    """
    current = await active_policy(tx, gate.policy)
    roles = {person.id: person.roles for person in await people(tx) if person.active}
    names = await names_of_all(tx)
    query = select(EffectRow).where(EffectRow.created >= since).order_by(EffectRow.created.desc()).limit(MOST)
    rows = list((await tx.execute(query)).scalars())
    found: list[Otherwise] = []
    passed_over = 0
    # Rolled back: summing the day's spending takes a lock that a trial must not keep.
    async with tx.begin_nested() as savepoint:
        for row in rows:
            try:
                action = gate.registry.decode(row.body)
            except (UnknownActionType, ValueError):
                passed_over += 1
                continue
            request = await _request(tx, gate, action, row, roles)
            before, after = rule(current, request), rule(proposed, request)
            if (before.verdict, before.terms) != (after.verdict, after.terms):
                summary = action.described(names)
                found.append(Otherwise(row.id, summary, row.requester, row.created, before, after))
        await savepoint.rollback()
    return Trial(since, len(rows) - passed_over, passed_over, tuple(found))


async def _request(
    tx: AsyncSession, gate: Gate, action: Action, row: EffectRow, roles: dict[str, frozenset[Role]]
) -> Request:
    actor = actor_of(row)
    then = Gate(gate.policy, gate.registry, clock=lambda: row.created)
    return Request(
        decision_type=action.decision_type,
        action_type=action.type,
        actor=actor,
        requester_roles=roles.get(actor.requester or "", frozenset()),
        facts=await then.facts(tx, action, actor=actor, effect=row.id),
        subject=gate.registry.spec(action.type).subject(action),
        moment=row.created,
        known_types=gate.registry.decision_types,
    )
