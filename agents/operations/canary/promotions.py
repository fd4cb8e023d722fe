"""Canaries that passed and wait for their promotion: asked about as one list of exact versions.

There is one list for each person who asked for them, for nobody's own vote counts. Whenever it changes, a new
one takes its place: a canary that turned bad meanwhile is not in it any more, and the new one says so. Each
promotion is an effect of its own, with its own grant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents import sre
from agents.operations.canary.canary_run import BEGIN, RUN, approved, holds
from agents.operations.canary.tables import CanaryRow
from agents.work.tables import RunRow, StepRow
from governance.approvals.asking import close_emptied
from governance.approvals.store import approval_row
from governance.effects import Origin
from governance.gate import Asking, Gate
from governance.people import Actor
from governance.tables import ApprovalRow, EffectRow
from governance.withdrawal import withdraw
from integrations.deployments.actions import PromoteCanary
from storage.database import Database


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A canary that holds, with the run that it is and its promotion."""

    run: RunRow
    action: PromoteCanary


_Asked = tuple[str, list[str]]
"""An open list: the approval, and the canaries in it."""


@dataclass(frozen=True, slots=True)
class Promotions:
    """Asks about promotions, for one process."""

    database: Database
    gate: Gate

    async def ask(self, tenant: str) -> None:
        """Bring the lists up to date with what holds now. Twice does nothing more."""
        async with self.database.transaction(tenant) as tx:
            waiting = await _waiting(tx)
            asked = await _asked(tx)
            for requester in sorted({*waiting, *asked}):
                await self._ask(tx, requester, waiting.get(requester, ()), asked.get(requester))

    async def _ask(
        self,
        tx: AsyncSession,
        requester: str,
        waiting: Sequence[_Waiting],
        old: tuple[str, Sequence[str]] | None,
    ) -> None:
        now = {one.action.canary: one for one in waiting}
        had = old[1] if old else ()
        if set(had) == set(now):
            return
        actor = Actor("agent", sre.ROLE.name, on_behalf_of=requester)
        gone = await _titles(tx, [canary for canary in had if canary not in now])
        if not waiting:
            if old is not None:
                why = f"Nothing of it waits any more: {', '.join(gone)}."
                await withdraw(tx, old[0], why)
                await tx.flush()
                row = await approval_row(tx, old[0], lock=True)
                await close_emptied(tx, row, actor, self.gate.clock(), why)
            return
        many = f"{len(waiting)} canaries that passed" if len(waiting) > 1 else "a canary that passed"
        left_out = f" (left out, for it is over: {', '.join(gone)})" if gone else ""
        newest = waiting[-1].run
        await self.gate.submit_all(
            tx,
            [one.action for one in waiting],
            actor=actor,
            origin=Origin(newest.turn, newest.place),
            asking=Asking(f"Promote {many}{left_out}", supersedes=old[0] if old else None),
        )


async def _waiting(tx: AsyncSession) -> dict[str, list[_Waiting]]:
    """What holds, by who asked for it, the oldest first."""
    query = (
        select(RunRow, CanaryRow, EffectRow.grant_id)
        .join(CanaryRow, (CanaryRow.tenant == RunRow.tenant) & (CanaryRow.run == RunRow.id))
        .join(StepRow, (StepRow.tenant == RunRow.tenant) & (StepRow.run == RunRow.id))
        .join(EffectRow, (EffectRow.tenant == StepRow.tenant) & (EffectRow.id == StepRow.effect))
        .where(RunRow.kind == RUN.name, RunRow.state == "running", StepRow.key == BEGIN)
        .order_by(RunRow.created, RunRow.id)
    )
    found: dict[str, list[_Waiting]] = {}
    for run, row, canary in (await tx.execute(query)).all():
        going_back = select(StepRow.key).where(StepRow.run == run.id, StepRow.key == "abort")
        if holds(row) and canary and run.requester and (await tx.execute(going_back)).scalar() is None:
            found.setdefault(run.requester, []).append(_Waiting(run, _promotion(row, canary)))
    return found


def _promotion(row: CanaryRow, canary: str) -> PromoteCanary:
    action = approved(row)
    return PromoteCanary.of(
        action,
        canary,
        rationale="The judge let every share pass, and its promotion is to be asked about.",
        impact=f"{action.service} {action.version} (sha256 {action.content[:12]}) takes the place of"
        f" {action.before} with all traffic.",
    )


async def _asked(tx: AsyncSession) -> dict[str, _Asked]:
    """The lists that are open: by requester the approval, and the canaries in it."""
    query = (
        select(ApprovalRow.id, ApprovalRow.requester, EffectRow.body["canary"].astext)
        .join(EffectRow, (EffectRow.tenant == ApprovalRow.tenant) & (EffectRow.approval == ApprovalRow.id))
        .where(
            ApprovalRow.status == "open",
            ApprovalRow.actor["kind"].astext == "agent",
            EffectRow.action_type == PromoteCanary.type,
            EffectRow.state == "parked",
        )
        .order_by(ApprovalRow.number, EffectRow.position)
    )
    found: dict[str, _Asked] = {}
    for approval, requester, canary in (await tx.execute(query)).all():
        if requester is not None:
            found.setdefault(requester, (approval, []))[1].append(canary)
    return found


async def _titles(tx: AsyncSession, canaries: Sequence[str]) -> list[str]:
    query = (
        select(RunRow.title)
        .join(StepRow, (StepRow.tenant == RunRow.tenant) & (StepRow.run == RunRow.id))
        .join(EffectRow, (EffectRow.tenant == StepRow.tenant) & (EffectRow.id == StepRow.effect))
        .where(StepRow.key == BEGIN, EffectRow.grant_id.in_(canaries))
        .order_by(RunRow.created)
    )
    return [title.removesuffix(" as a canary") for title in (await tx.execute(query)).scalars()]
