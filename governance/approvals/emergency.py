"""Going past an open approval in an emergency: what waited for it is ruled on again, and set going."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, Ruling, Verdict
from governance.approvals.asking import closing_entry, tell_closed
from governance.approvals.decision import Status
from governance.approvals.store import approval_row, put_state, state_of
from governance.audit.effect_entries import chain_of
from governance.audit.log import record
from governance.effects import actor_of, effects_of, ruling_to_json
from governance.gate import Gate
from governance.people import Actor
from governance.tables import EffectRow


async def go_past(
    tx: AsyncSession, gate: Gate, approval: str, *, by: Actor, why: str
) -> list[tuple[Action, Ruling]]:
    """Set going what an open approval asked for and the matrix now executes without it.

    The approval closes only when nothing waits for it any more. Returns each action that still waited,
    with its ruling. Raises NoSuchApproval.
    """
    row = await approval_row(tx, approval, lock=True)
    state = state_of(row)
    if state.status is not Status.OPEN:
        return []
    ruled: list[tuple[Action, Ruling]] = []
    for effect in await effects_of(tx, approval, lock=True):
        if effect.state == "parked":
            action = gate.registry.decode(effect.body)
            ruled.append((action, await _again(tx, gate, action, effect)))
    if ruled and all(ruling.verdict is Verdict.EXECUTE for _, ruling in ruled):
        now = gate.clock()
        put_state(row, replace(state, status=Status.WITHDRAWN, decided_by=by.id, decided=now))
        await record(tx, closing_entry(row, "approval.gone_past", by, now, why))
        await tell_closed(tx, row)
    return ruled


async def _again(tx: AsyncSession, gate: Gate, action: Action, effect: EffectRow) -> Ruling:
    facts = await gate.facts_again(tx, action, effect)
    ruling = await gate.rule(tx, action, actor=actor_of(effect), effect=effect.id, facts=facts)
    if ruling.verdict is Verdict.EXECUTE:
        # The chain on record is this ruling's: it was never approved.
        effect.ruling = ruling_to_json(ruling)
        await gate.queue(tx, action, effect, chain_of(ruling))
    return ruling
