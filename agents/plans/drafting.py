"""Drafting: from a document to a plan that people are asked about. Runs as a job, off the event loop."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from agents.actions import ExecutePlan
from agents.drafting import WORKERS
from agents.model import Narrate
from agents.planning.draft import Budget, PlanChanges, PlanDraft, from_json, to_json
from agents.planning.lookups import DOING
from agents.plans.authorship import Authored, CannotPlan
from agents.plans.feasibility import told
from agents.plans.rows import (
    changes_of,
    changes_to_json,
    digest_of,
    draft_of,
    keep_source,
    original_of,
    plan_for_update,
)
from agents.plans.tables import PlanRow
from agents.role import Role
from governance.approvals.decision import Status
from governance.approvals.store import approval_row, state_of
from governance.authority.explain import paused
from governance.directory import name_of
from governance.effects import Origin
from governance.fence import Halted
from governance.gate import Asking, Gate
from governance.overrides.rows import read_standing
from governance.people import Actor
from governance.tables import AgentRunRow
from storage.database import Database
from storage.jobs import defer
from storage.notices import notify

AgentWork = Callable[[str], AbstractAsyncContextManager[None]]
"""Marks a tenant's agent work, so that a halt ends it with Halted."""

_LOOKED_AGAIN = timedelta(seconds=5)
_SHOWN = 6
"""Steps of a model that are shown at once."""


class PlanAuthor(Protocol):
    """Works plans out: the product owner and project manager agents, with a model or by rule."""

    async def draft(
        self,
        tenant: str,
        document: str,
        changes: PlanChanges,
        original: PlanDraft | None,
        narrate: Narrate,
    ) -> Authored:
        """A plan for a document; with an `original`, that plan with what people asked to be different.

        A model's steps are told to `narrate` as it takes them. Raises CannotPlan.
        """


@dataclass(frozen=True, slots=True)
class Drafting:
    """Drafts plans for one process. `author` works a draft out, with a model or by rule."""

    database: Database
    gate: Gate
    author: PlanAuthor
    agent_work: AgentWork

    async def draft(self, tenant: str, plan_id: str) -> None:
        """Work out a plan's draft and ask for its approval; a plan that is not being drafted is left alone.

        What cannot be planned is said in the plan's thread, with why.
        """
        async with self.database.transaction(tenant) as tx:
            plan = await plan_for_update(tx, plan_id)
            if plan.state != "drafting":
                return
            if await _waits_for_its_agents(tx, plan, self.gate.clock()):
                return
            document, changes, original = plan.document, changes_of(plan), original_of(plan)
        started, clock = datetime.now(UTC), monotonic()
        try:
            async with self.agent_work(tenant):
                authored = await self.author.draft(
                    tenant, document, changes, original, self._narrate(tenant, plan)
                )
        except (CannotPlan, Halted) as stopped:
            halted = isinstance(stopped, Halted)
            why = "All agents are halted. Try again when they go on." if halted else str(stopped)
            async with self.database.transaction(tenant) as tx:
                await give_up(tx, plan_id, why)
            return
        async with self.database.transaction(tenant) as tx:
            plan = await plan_for_update(tx, plan_id)
            if plan.state == "drafting":
                await self._hand_over(tx, plan, authored)
                tx.add(_run(plan, authored, started, int((monotonic() - clock) * 1000)))

    def _narrate(self, tenant: str, plan: PlanRow) -> Narrate:
        """Shows, on the card that says that the plan is being worked out, what the model does."""
        told: list[str] = []

        async def narrate(role: Role, tool: str) -> None:
            step = f"{role.title}: {DOING.get(tool, 'writes it down')}"
            if told[-1:] == [step]:
                return
            told.append(step)
            ids = {"plan": plan.id, "key": f"plan:{plan.id}", "steps": told[-_SHOWN:]}
            async with self.database.transaction(tenant) as tx:
                await notify(tx, "plan_working", ids, place=plan.place, turn=plan.turn)

        return narrate

    async def _hand_over(self, tx: AsyncSession, plan: PlanRow, authored: Authored) -> None:
        """Propose what can be carried out; ask for a product that is not known; end what cannot be.

        A proposal from before a change stands where the change leads to what cannot be carried out.
        """
        await keep_source(tx, authored.draft.document_digest, authored.text)
        found = authored.hindrances
        if not found:
            await self._propose(tx, plan, authored.draft)
        elif plan.version == 0 and {one.what for one in found} == {"product"}:
            await _ask_for_product(tx, plan, authored.draft, told(found))
        else:
            await give_up(tx, plan.id, told(found))

    async def _propose(self, tx: AsyncSession, plan: PlanRow, draft: PlanDraft) -> None:
        stored = _stored(draft)
        plan.previous, plan.draft, plan.version = plan.draft, stored, plan.version + 1
        _keep_original(plan, draft, stored)
        plan.title, plan.state, plan.why = draft.title, "proposed", None
        plan.changed = datetime.now(UTC)
        plan.notifications = sorted({*plan.notifications, *draft.changes.notify})
        hours = draft.budget.hours if isinstance(draft.budget, Budget) else 0.0
        submitted = await self.gate.submit(
            tx,
            ExecutePlan(
                plan=plan.id,
                title=draft.title,
                version=plan.version,
                draft_digest=digest_of(stored),
                stories=len(draft.stories),
                hours=f"{hours:g}",
                rationale=f"{await name_of(tx, plan.requester)} asked for the feature in {plan.document}.",
                impact=(
                    f"Makes one epic and {len(draft.stories)} stories and schedules them over"
                    f" {len({placed.starts for placed in draft.schedule})} sprints. No code is changed."
                ),
                rollback_plan="Cancel the plan: its epic and the stories that are not done are cancelled.",
                artifacts=(f"document:{draft.document}:sha256:{draft.document_digest}",),
            ),
            actor=Actor("agent", "product_owner", on_behalf_of=plan.requester),
            origin=Origin(turn=plan.turn, place=plan.place),
            asking=Asking(
                title=f"Carry out the plan {draft.title}",
                notifications=tuple(plan.notifications),
                supersedes=plan.approval,
            ),
        )
        plan.approval = submitted.approval
        if submitted.approval is None:
            plan.state, plan.why = "failed", submitted.ruling.why
        await notify(
            tx, "plan_proposed", {"plan": plan.id, "key": f"plan:{plan.id}"}, place=plan.place, turn=plan.turn
        )


async def _waits_for_its_agents(tx: AsyncSession, plan: PlanRow, now: datetime) -> bool:
    """Whether an agent that drafts plans is paused: its card then says so, and it is looked at again soon."""
    standing = await read_standing(tx, now)
    pauses = [standing.pause_of(Actor("agent", worker)) for worker in WORKERS]
    why = next((paused(pause) for pause in pauses if pause is not None), None)
    if why is None:
        return False
    again = now + _LOOKED_AGAIN
    ids = {"plan": plan.id, "key": f"plan:{plan.id}", "steps": [why]}
    await notify(tx, "plan_working", ids, place=plan.place, turn=plan.turn)
    turn = {"turn": plan.turn} if plan.turn else {}
    # With a lock of its own: the job engine lets nothing pass an earlier job of the same lock.
    lock = f"plan:{plan.id}:{again.isoformat()}"
    await defer(tx, "draft_plan", {"plan": plan.id} | turn, lock=lock, slow=True, at=again)
    return True


async def _ask_for_product(tx: AsyncSession, plan: PlanRow, draft: PlanDraft, why: str) -> None:
    """Nothing is proposed until somebody says which product it is for; what was worked out is kept."""
    _keep_original(plan, draft, _stored(draft))
    plan.title = draft.title
    plan.state, plan.why, plan.changed = "asking", why, datetime.now(UTC)
    ids = {"plan": plan.id, "key": f"plan:{plan.id}"}
    await notify(tx, "plan_proposed", ids, place=plan.place, turn=plan.turn)


def _keep_original(plan: PlanRow, draft: PlanDraft, stored: str) -> None:
    """What later changes are worked out on: the first draft from the document as it is now. With a document
    that was edited the changes that named stories are gone from the row as well."""
    original = original_of(plan)
    if original is None or original.document_digest != draft.document_digest:
        plan.original = stored
        if plan.changes is not None:
            plan.changes = changes_to_json(draft.changes)


def _stored(draft: PlanDraft) -> str:
    stored = to_json(draft).decode()
    if from_json(stored) != draft:
        raise ValueError("the draft does not survive being stored")
    return stored


async def give_up(tx: AsyncSession, plan_id: str, why: str) -> None:
    """End the drafting of a plan, and say why in its thread. A proposal from before a change stands."""
    plan = await plan_for_update(tx, plan_id)
    if plan.state != "drafting":
        return
    draft = draft_of(plan)
    plan.state, plan.why = "failed", why
    if draft is not None and await _is_open(tx, plan.approval):
        plan.state, plan.changes = "proposed", changes_to_json(draft.changes)
    ids = {"plan": plan.id, "key": f"plan:{plan.id}"}
    await notify(tx, "plan_proposed", ids, place=plan.place, turn=plan.turn)


async def _is_open(tx: AsyncSession, approval: str | None) -> bool:
    """Whether the proposal from before a change that could not be made can still be decided on."""
    return approval is not None and state_of(await approval_row(tx, approval)).status is Status.OPEN


def _run(plan: PlanRow, authored: Authored, started: datetime, busy_ms: int) -> AgentRunRow:
    return AgentRunRow(
        id=f"ar_{secrets.token_hex(6)}",
        agent="product_owner",
        on_behalf_of=plan.requester,
        plan=plan.id,
        turn=plan.turn,
        started=started,
        finished=datetime.now(UTC),
        busy_ms=busy_ms,
        waiting_ms=0,
        cost=authored.cost,
        worked_out=authored.draft.worked_out,
        outcome="proposed" if plan.state == "proposed" else plan.state,
    )
