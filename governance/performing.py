"""Performing effects: claimed once, under the fence, with the intent numbered before and the outcome after.

| the process dies …                  | row says  | what the retried job does                            |
|-------------------------------------|-----------|------------------------------------------------------|
| before the claim commits            | `ready`   | claims and performs                                  |
| after the claim, before the call    | `claimed` | asks the port: never arrived; performs, same grant   |
| after the call, before the outcome  | `claimed` | asks the port: it did; records that                  |
| and the port cannot tell            | `claimed` | records `unknown`, asks a person, never repeats      |
| after the outcome commits           | finished  | nothing                                              |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance import fence
from governance.action import Action, Grant, Outcome, OutcomeState, Verdict
from governance.approvals.store import approval_chain
from governance.approvals.voting import approval_holds
from governance.audit.effect_entries import chain_of
from governance.audit.entries import ApprovalChain
from governance.audit.log import wait_until_numbered
from governance.effects import actor_of, effect_for_update, ruling_of
from governance.gate import Gate, queue_effect
from governance.registry import EffectFailed, OutcomeUncertain
from governance.tables import EffectRow
from storage.database import Database
from storage.jobs import defer
from storage.notices import notify

_log = structlog.get_logger()

PortOf = Callable[[str], Any]
"""A tenant's port, by the tenant."""

FINISHED = ("done", "failed", "unknown", "withdrawn", "refused", "left_to_people")


@dataclass(frozen=True, slots=True)
class _Claim:
    """A claimed effect: what to do, with which leave, and whether an earlier try may have done it."""

    action: Action
    grant: Grant
    chain: ApprovalChain
    again: bool


@dataclass(frozen=True, slots=True)
class _Stop:
    """Why a claim does not go through now, and whether waiting cannot help."""

    why: str
    for_good: bool


class Performer:
    """Performs queued effects on the ports, for one process."""

    def __init__(self, database: Database, gate: Gate, ports: Mapping[str, PortOf], *, process: str) -> None:
        self._database = database
        self._gate = gate
        self._ports = ports
        self._process = process

    async def perform(self, tenant: str, effect: str) -> None:
        """Bring one effect to its outcome. Does nothing for one that is finished or held.

        Raises SequencerSilent while the log is not numbered: the job is then tried again.
        """
        intent = await self._intent_of(tenant, effect)
        if intent is None:
            return
        await wait_until_numbered(self._database, tenant, intent)
        claim = await self._claim(tenant, effect)
        if claim is None:
            return
        ended = await self._call(tenant, claim)
        async with self._database.transaction(tenant) as tx:
            row = await effect_for_update(tx, effect)
            if row.state != "claimed" or row.grant_id != claim.grant.id:
                return
            await self._gate.finish(tx, claim.action, row, claim.chain, ended)
            await tell_of_end(tx, row)

    async def _intent_of(self, tenant: str, effect: str) -> str | None:
        async with self._database.transaction(tenant) as tx:
            query = select(EffectRow.intent).where(
                EffectRow.id == effect, EffectRow.state.in_(("ready", "claimed"))
            )
            return (await tx.execute(query)).scalar()

    async def _claim(self, tenant: str, effect: str) -> _Claim | None:
        async with self._database.transaction(tenant) as tx:
            row = await effect_for_update(tx, effect)
            action = self._gate.registry.decode(row.body)
            # From here to the commit the fence cannot move: a halt either sees this claim or stops it.
            held = await fence.hold(tx)
            chain = await _chain(tx, row)
            if row.state == "claimed" and row.grant_id is not None:
                grant = Grant(row.grant_id, tenant, row.id, row.digest, held.epoch, self._gate.clock())
                return _Claim(action, grant, chain, again=True)
            if row.state != "ready":
                return None
            if (stop := await self._what_stops(tx, row, action)) is not None:
                await _hold_back(tx, row, stop)
                return None
            if self._gate.registry.spec(action.type).change is not None:
                await self._gate.change(tx, action, row, chain)
                await tell_of_end(tx, row)
                return None
            grant = self._gate.mint(tx, row, epoch=held.epoch)
            row.state, row.claimed, row.claimed_by = "claimed", grant.minted_at, self._process
            return _Claim(action, grant, chain, again=False)

    async def _what_stops(self, tx: AsyncSession, row: EffectRow, action: Action) -> _Stop | None:
        """Roles, conditions and what stands are looked at again: they may have changed since the ruling."""
        actor = actor_of(row)
        ruling = await self._gate.rule(tx, action, actor=actor, effect=row.id)
        if row.approval is not None:
            facts = await self._gate.facts(tx, action, actor=actor, effect=row.id)
            holds = await approval_holds(tx, row.approval, ruling.terms, facts)
            if holds.why is not None:
                return _Stop(holds.why, for_good=holds.for_good)
            ruling = await self._gate.rule(tx, action, actor=actor, approved=True, effect=row.id)
        if ruling.verdict is Verdict.EXECUTE:
            return None
        # A refusal may end by itself (a resume, a window's end); needing another approval does not.
        return _Stop(ruling.why, for_good=ruling.verdict is not Verdict.REFUSE)

    async def _call(self, tenant: str, claim: _Claim) -> Outcome:
        spec = self._gate.registry.spec(claim.action.type)
        if spec.effect is None or spec.ask is None or spec.port is None:
            raise TypeError(f"{claim.action.type} is a change, and changes are performed at the claim")
        port = self._ports[spec.port](tenant)
        if claim.again:
            known = await spec.ask(claim.grant.id, port)
            if known is not None:
                return known
        try:
            return await spec.effect(claim.action, claim.grant, port)
        except EffectFailed as failed:
            return Outcome(OutcomeState.FAILED, str(failed))
        except OutcomeUncertain as uncertain:
            _log.warning("effect_uncertain", grant=claim.grant.id, why=str(uncertain))
            known = await spec.ask(claim.grant.id, port)
            return known or Outcome(OutcomeState.UNKNOWN, str(uncertain))


async def release_held(tx: AsyncSession) -> int:
    """Queue every effect that a halt, freeze or window held back; they are ruled on again. Returns how many."""
    held = (await tx.execute(select(EffectRow).where(EffectRow.state == "held").with_for_update())).scalars()
    count = 0
    for row in held:
        row.state, row.held = "ready", None
        await queue_effect(tx, row)
        count += 1
    return count


async def already_sent(tx: AsyncSession, process: str) -> list[str]:
    """Effects that this process has claimed and not finished: what a halt can no longer stop."""
    query = select(EffectRow.id).where(EffectRow.state == "claimed", EffectRow.claimed_by == process)
    return list((await tx.execute(query)).scalars())


async def tell_of_end(tx: AsyncSession, row: EffectRow) -> None:
    """Let the plan go on that this effect is a step of, or tell the thread how it ended."""
    if row.plan is not None:
        await defer(tx, "advance_plan", {"plan": row.plan} | _turn(row), lock=f"plan:{row.plan}")
    if row.state == "unknown" or row.plan is None:
        ids = {"effect": row.id, "key": row.id}
        people = (row.requester,) if row.place is None and row.requester else ()
        await notify(tx, "effect_ended", ids, place=row.place, people=people, turn=row.turn)


async def _hold_back(tx: AsyncSession, row: EffectRow, stop: _Stop) -> None:
    row.held = stop.why
    row.state = "withdrawn" if stop.for_good else "held"
    await tell_of_end(tx, row)


async def _chain(tx: AsyncSession, row: EffectRow) -> ApprovalChain:
    if row.approval is None:
        return chain_of(ruling_of(row))
    return await approval_chain(tx, row.approval, ruling_of(row))


def _turn(row: EffectRow) -> dict[str, str]:
    return {"turn": row.turn} if row.turn else {}
