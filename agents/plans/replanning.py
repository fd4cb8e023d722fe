"""Replanning: what of a plan under way is open is worked out anew and proposed. Runs as a job."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.actions import ReplanPlan
from agents.planning.draft import PlanChanges, PlanDraft, to_json
from agents.plans import steps
from agents.plans.authorship import CannotPlan
from agents.plans.drafting import AgentWork
from agents.plans.rows import changes_of, digest_of, draft_of, plan_by_id, plan_for_update, steps_of
from agents.plans.tables import PlanRow
from governance.directory import name_of
from governance.effects import Origin
from governance.fence import Halted
from governance.gate import Asking, Gate
from governance.people import Actor
from governance.tables import AgentRunRow, EffectRow
from governance.withdrawal import STOPPABLE
from integrations.tracker.actions import Placing
from storage.database import Database
from storage.notices import notify

if TYPE_CHECKING:
    from agents.planning.replan import Replanned

UNDER_WAY = ("executing", "paused", "created")
"""States of plans whose stories are in the tracker."""


class PlanReviser(Protocol):
    """Works out anew what of a plan under way is open: the project manager agent, by rule."""

    async def replan(
        self, tenant: str, draft: PlanDraft, made: Mapping[str, str], changes: PlanChanges
    ) -> Replanned:
        """`made` are the plan's stories in the tracker, by key. Raises CannotPlan."""


@dataclass(frozen=True, slots=True)
class Replanning:
    """Replans for one process."""

    database: Database
    gate: Gate
    reviser: PlanReviser
    agent_work: AgentWork

    async def replan(self, tenant: str, plan_id: str, person: str) -> None:
        """Work out what `person` asked for, and propose it. Where there is nothing to propose the plan's
        thread is told why."""
        async with self.database.transaction(tenant) as tx:
            plan = await plan_by_id(tx, plan_id)
            draft, version, changes = draft_of(plan), plan.version, changes_of(plan)
            made = steps.made_by(await steps_of(tx, plan_id))
        if draft is None:
            return
        started, clock = datetime.now(UTC), monotonic()
        try:
            async with self.agent_work(tenant):
                found = await self.reviser.replan(tenant, draft, made, changes)
        except Halted:
            await self._tell(tenant, plan_id, "All agents are halted. Ask again when they go on.")
            return
        except CannotPlan as cannot:
            await self._tell(tenant, plan_id, str(cannot))
            return
        async with self.database.transaction(tenant) as tx:
            plan = await plan_for_update(tx, plan_id)
            settled = plan.state in UNDER_WAY and steps.is_set_up(await steps_of(tx, plan_id))
            if not settled or plan.version != version:
                await tell(tx, plan, "It has changed meanwhile. Ask again.")
            elif not found.moves:
                await tell(tx, plan, "Worked out anew, every open story keeps its sprint and its estimate.")
            else:
                await self._propose(tx, plan, found, person)
            tx.add(_run(plan, person, started, int((monotonic() - clock) * 1000)))

    async def _propose(self, tx: AsyncSession, plan: PlanRow, found: Replanned, person: str) -> None:
        before = await _waiting(tx, plan.id)
        plan.replanned = to_json(found.draft).decode()
        stories = tuple(
            Placing(move.story, move.sprint, move.was, move.status, move.hours or None, move.was_hours)
            for move in found.moves
        )
        action = ReplanPlan(
            plan=plan.id,
            title=plan.title,
            version=plan.version,
            draft_digest=digest_of(plan.replanned),
            stories=stories,
            stay=found.done + found.under_way,
            rationale=f"{await name_of(tx, person)} asked to replan “{plan.title}”.",
            impact=f"{len(stories)} of {found.open} open stories get another sprint or estimate.",
            rollback_plan="Replan it again, or give the stories the sprints back that the record names.",
            artifacts=(f"draft:sha256:{digest_of(plan.replanned)}",),
        )
        submitted = await self.gate.submit(
            tx,
            action,
            actor=Actor("agent", "project_manager", on_behalf_of=person),
            origin=Origin(turn=plan.turn, place=plan.place),
            asking=Asking(title=f"Replan {plan.title}", supersedes=before),
        )
        if submitted.approval is None:
            await tell(tx, plan, submitted.ruling.why)

    async def _tell(self, tenant: str, plan_id: str, why: str) -> None:
        async with self.database.transaction(tenant) as tx:
            await tell(tx, await plan_for_update(tx, plan_id), why)


async def _waiting(tx: AsyncSession, plan: str) -> str | None:
    """The approval of an earlier replanning that was not carried out: the new one takes its place."""
    query = select(EffectRow.approval).where(
        EffectRow.plan == plan, EffectRow.action_type == ReplanPlan.type, EffectRow.state.in_(STOPPABLE)
    )
    return (await tx.execute(query.order_by(EffectRow.created.desc()).limit(1))).scalar()


async def tell(tx: AsyncSession, plan: PlanRow, why: str) -> None:
    """Say in the plan's thread why it was not worked out anew."""
    ids = {"plan": plan.id, "why": why}
    await notify(tx, "plan_not_replanned", ids, place=plan.place, turn=plan.turn)


def _run(plan: PlanRow, person: str, started: datetime, busy_ms: int) -> AgentRunRow:
    return AgentRunRow(
        id=f"ar_{secrets.token_hex(6)}",
        agent="project_manager",
        on_behalf_of=person,
        plan=plan.id,
        turn=plan.turn,
        started=started,
        finished=datetime.now(UTC),
        busy_ms=busy_ms,
        waiting_ms=0,
        cost=Decimal(0),
        worked_out="rules",
        outcome="replanned",
    )
