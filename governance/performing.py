"""Performing effects: claimed once, under the fence, with the intent numbered before and the outcome after.

| the process dies …                  | row says  | what the retried job does                            |
|-------------------------------------|-----------|------------------------------------------------------|
| before the claim commits            | `ready`   | claims and performs                                  |
| after the claim, before the call    | `claimed` | asks the port: never arrived; claims anew, same grant |
| after the call, before the outcome  | `claimed` | asks the port: it did; records that                  |
| and the port cannot tell            | `claimed` | records `unknown`, asks a person, never repeats      |
| after the outcome commits           | finished  | nothing                                              |

Locks: the effect's row first, then the fence, shared; both until the claim commits, and neither while a port is
called. A resume takes them the other way round (the fence, then held rows). A claim and a resume that so wait
for each other are parted by PostgreSQL, which undoes one of them whole; a job is then tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from governance import fence
from governance.action import Action, Grant, Outcome, OutcomeState, Verdict
from governance.approvals.store import approval_chain, approval_row, bound_digest
from governance.approvals.voting import approval_holds
from governance.audit.effect_entries import chain_of
from governance.audit.entries import ApprovalChain
from governance.audit.log import wait_until_numbered
from governance.authority.precedence import SUGGEST
from governance.effects import (
    actor_of,
    effect_for_update,
    effects_of,
    outcome_of,
    queue_effect,
    ruling_of,
    wake_owner,
)
from governance.gate import Gate
from governance.registry import EffectFailed, OutcomeUncertain
from governance.tables import EffectRow
from storage.database import Database, locked
from storage.look import Look, act
from storage.notices import notify

_log = structlog.get_logger()

PortOf = Callable[[str], Any]
"""A tenant's port, by the tenant."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """A claimed effect: what to do, with which leave, and whether an earlier try may have done it already."""

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

        Raises SequencerSilent while the log is not numbered, and GaveWay where a halt ended a claim that
        hung: the job is then tried again.
        """
        intent = await self._intent_of(tenant, effect)
        if intent is None:
            return
        await wait_until_numbered(self._database, tenant, intent)
        claim = await self._claim(tenant, effect)
        ended = await self._what_happened(tenant, claim) if claim is not None and claim.again else None
        if claim is not None and claim.again and ended is None:
            # It never arrived, so this is a new try: what came to stand since the first binds it too.
            claim = await self._claim(tenant, effect, never_arrived=claim.grant.id)
        if claim is None:
            return
        ended = ended or await self._call(tenant, claim)
        # No lock was held over the call, so the row may be another's by now: only the grant that was called
        # with may end it. A crash before this commit leaves `claimed`, and the port is asked.
        async with self._database.transaction(tenant) as tx:
            row = await effect_for_update(tx, effect)
            if row.state != "claimed" or row.grant_id != claim.grant.id:
                return
            await self._gate.finish(tx, claim.action, row, claim.chain, ended)
            await tell_of_end(tx, row)

    async def _intent_of(self, tenant: str, effect: str) -> str | None:
        async with self._database.transaction(tenant) as tx:
            query = select(EffectRow.intent).where(
                EffectRow.id == effect,
                EffectRow.state.in_(("ready", "claimed", "withdrawn")),
                EffectRow.finished.is_(None),
            )
            return (await tx.execute(query)).scalar()

    async def _claim(self, tenant: str, effect: str, *, never_arrived: str | None = None) -> _Claim | None:
        try:
            return await self._try_to_claim(tenant, effect, never_arrived)
        except OperationalError as ended:
            if fence.gave_way(ended):
                raise fence.GaveWay(effect) from ended
            raise

    async def _try_to_claim(self, tenant: str, effect: str, never_arrived: str | None) -> _Claim | None:
        # Facts from outside are established again here, and looked up before the claim's transaction.
        claimed = partial(self._claimed, tenant, effect, never_arrived)
        return await act(self._database, tenant, Look(), claimed)

    async def _claimed(
        self, tenant: str, effect: str, never_arrived: str | None, tx: AsyncSession
    ) -> _Claim | None:
        # Two jobs for one effect queue here; the second reads the row as the first left it.
        row = await effect_for_update(tx, effect)
        action = self._gate.registry.decode(row.body)
        # From here to the commit the fence cannot move: a halt either sees this claim or stops it.
        held = await fence.hold(tx)
        chain = await effect_chain(tx, row)
        if row.state == "claimed" and row.grant_id is not None and row.grant_id != never_arrived:
            # Nothing is ruled on or minted: the port is asked under the first try's key, halted or not.
            grant = Grant(row.grant_id, tenant, row.id, row.digest, held.epoch, self._gate.clock())
            return _Claim(action, grant, chain, again=True)
        if row.state == "withdrawn" and row.finished is None:
            await self._withdraw(tx, row, action, chain, outcome_of(row))
            return None
        if row.state not in ("ready", "claimed"):
            return None
        if (stop := await self._what_stops(tx, row, action)) is not None:
            await self._hold_back(tx, row, action, chain, stop)
            return None
        if self._gate.registry.spec(action.type).change is not None:
            # A change of our own rows ends in the claim's own transaction: a crash leaves all of it or nothing.
            await self._gate.change(tx, action, row, chain)
            await tell_of_end(tx, row)
            return None
        grant = self._gate.mint(tx, row, epoch=held.epoch)
        row.state, row.claimed, row.claimed_by = "claimed", grant.minted_at, self._process
        row.held = None
        return _Claim(action, grant, chain, again=False)

    async def _what_stops(self, tx: AsyncSession, row: EffectRow, action: Action) -> _Stop | None:
        """Bytes, roles, conditions and what stands are looked at again: they may have changed since."""
        if action.digest() != row.digest or not await self._is_as_approved(tx, row):
            _log.error("effect_tampered", effect=row.id)
            return _Stop("What is stored is not what was ruled on, so it is not carried out.", for_good=True)
        facts = await self._gate.facts_again(tx, action, row)
        rule = partial(self._gate.rule, tx, action, actor=actor_of(row), effect=row.id, facts=facts)
        ruling = await rule()
        if row.approval is not None and ruling_of(row).verdict is Verdict.APPROVE_FIRST:
            holds = await approval_holds(tx, row.approval, ruling.terms, facts, self._gate.clock())
            if holds.why is not None:
                return _Stop(holds.why, for_good=holds.for_good)
            ruling = await rule(approved=True)
        if ruling.verdict is Verdict.EXECUTE:
            return None
        # A refusal may end by itself (a resume, a window's end); needing another approval does not, nor does an
        # agent that only suggests: a person may have taken over by then.
        waits = ruling.verdict is Verdict.REFUSE and ruling.rule != SUGGEST
        return _Stop(ruling.why, for_good=not waits)

    async def _is_as_approved(self, tx: AsyncSession, row: EffectRow) -> bool:
        if row.approval is None:
            return True
        bound = bound_digest(each.digest for each in await effects_of(tx, row.approval))
        return bound == (await approval_row(tx, row.approval)).digest

    async def _hold_back(
        self, tx: AsyncSession, row: EffectRow, action: Action, chain: ApprovalChain, stop: _Stop
    ) -> None:
        if stop.for_good:
            await self._withdraw(tx, row, action, chain, Outcome(OutcomeState.FAILED, stop.why))
            return
        news = row.held != stop.why
        row.state, row.held = "held", stop.why
        if news:
            await tell_of_end(tx, row)

    async def _withdraw(
        self, tx: AsyncSession, row: EffectRow, action: Action, chain: ApprovalChain, why: Outcome | None
    ) -> None:
        # Its intent is on record, so that nothing was done is too.
        ended = why or Outcome(OutcomeState.FAILED, "It was withdrawn before it was carried out.")
        await self._gate.finish(tx, action, row, chain, ended)
        row.state, row.held = "withdrawn", ended.detail
        await tell_of_end(tx, row)

    async def _what_happened(self, tenant: str, claim: _Claim) -> Outcome | None:
        spec = self._gate.registry.spec(claim.action.type)
        if spec.ask is None or spec.port is None:
            raise TypeError(f"{claim.action.type} is a change, and changes are performed at the claim")
        return await spec.ask(claim.grant.id, self._ports[spec.port](tenant))

    async def _call(self, tenant: str, claim: _Claim) -> Outcome:
        spec = self._gate.registry.spec(claim.action.type)
        if spec.effect is None or spec.port is None:
            raise TypeError(f"{claim.action.type} is a change, and changes are performed at the claim")
        try:
            return await spec.effect(claim.action, claim.grant, self._ports[spec.port](tenant))
        except EffectFailed as failed:
            return Outcome(OutcomeState.FAILED, str(failed))
        except OutcomeUncertain as uncertain:
            _log.warning("effect_uncertain", grant=claim.grant.id, why=str(uncertain))
            known = await self._what_happened(tenant, claim)
            return known or Outcome(OutcomeState.UNKNOWN, str(uncertain))


async def release_held(tx: AsyncSession) -> int:
    """Queue every effect that a halt, freeze or window held back; they are ruled on again. Returns how many."""
    held = (await tx.execute(locked(select(EffectRow).where(EffectRow.state == "held")))).scalars()
    count = 0
    for row in held:
        row.state = "ready"
        await queue_effect(tx, row)
        count += 1
    return count


_ABANDONED = text(
    "SELECT id FROM effects WHERE state IN ('ready', 'claimed') AND NOT EXISTS (SELECT 1"
    " FROM procrastinate_jobs AS job WHERE job.task_name = 'perform' AND job.status IN ('todo', 'doing')"
    " AND job.lock = effects.tenant || '/effect:' || effects.id)"
)


async def queue_abandoned(tx: AsyncSession) -> int:
    """Queue every effect whose job gave up (the port or the log was away for long). Returns how many."""
    count = 0
    for effect in (await tx.execute(_ABANDONED)).scalars().all():
        await queue_effect(tx, await effect_for_update(tx, effect))
        count += 1
    return count


async def already_sent(tx: AsyncSession, process: str) -> list[str]:
    """Effects that this process has claimed and not finished: what a halt can no longer stop."""
    query = select(EffectRow.id).where(EffectRow.state == "claimed", EffectRow.claimed_by == process)
    return list((await tx.execute(query)).scalars())


async def tell_of_end(tx: AsyncSession, row: EffectRow) -> None:
    """Let the plan or run go on that this effect is a step of, or tell the thread how it ended."""
    is_step = await wake_owner(tx, row)
    if row.state == "unknown" or not is_step:
        ids = {"effect": row.id, "key": row.id}
        people = (row.requester,) if row.place is None and row.requester else ()
        await notify(tx, "effect_ended", ids, place=row.place, people=people, turn=row.turn)


async def effect_chain(tx: AsyncSession, row: EffectRow) -> ApprovalChain:
    """For the record: the ruling on an effect, and the votes if it asked for some."""
    if row.approval is None:
        return chain_of(ruling_of(row))
    return await approval_chain(tx, row.approval, ruling_of(row))


def _turn(row: EffectRow) -> dict[str, str]:
    return {"turn": row.turn} if row.turn else {}
