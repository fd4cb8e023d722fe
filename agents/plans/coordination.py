"""What a plan makes of its run: whose epic it has, what is blocked, when it is set up, what its budget allows.

Every call looks at the rows and does what follows: it runs when the run's rows changed, when hours were used,
when a proposal was decided, and again after a crash. The plan's row is locked first, its run's after it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.delivery_rows import is_begun, last_delivery
from agents.engineering.delivery_step import begin_delivery
from agents.plans import steps
from agents.plans.plan_step import ASSIGN, EPIC
from agents.plans.rows import draft_of, plan_for_update, steps_of
from agents.plans.tables import PlanRow
from agents.plans.wishes import BLOCKERS, COMPLETION
from agents.work.tables import OVER, RunRow, StepRow
from governance.approvals.decision import Status
from governance.approvals.store import approval_row
from governance.department_rows import read_department
from governance.effects import Origin
from governance.gate import Gate
from governance.people import Actor
from governance.record import intervened
from governance.tables import EffectRow
from integrations.tracker.actions import CancelEpic
from storage.jobs import defer
from storage.notices import notify

WARNING_SHARE = 0.8
"""Of the budget in agent-hours: at this much people are warned, at all of it the plan pauses."""

_ENDS = {
    Status.DENIED: "The proposal was denied.",
    Status.WITHDRAWN: "The proposal was taken back.",
    Status.EXPIRED: "Nobody decided on the proposal in time.",
}


async def advance(tx: AsyncSession, gate: Gate, plan_id: str) -> None:
    """Take note of what became of a plan's steps, its proposal and its budget."""
    plan = await plan_for_update(tx, plan_id)
    if plan.state == "proposed":
        await _note_decision(tx, plan)
    if plan.run is None:
        if plan.state in ("executing", "created"):
            raise ValueError(f"{plan.id} is {plan.state} and has no run")
        return
    rows = await steps_of(tx, plan.id)
    by_key = {row.key: row for row in rows}
    if plan.state == "cancelled":
        await _cancel_epic(tx, gate, plan, by_key[EPIC])
    else:
        plan.epic = steps.reference_of(by_key[EPIC])
        await _tell_blocked(tx, plan, rows)
        await _follow(tx, gate, plan, rows)
    await steps.show(tx, plan)
    await _let_watchers_know(tx)


async def _follow(tx: AsyncSession, gate: Gate, plan: PlanRow, rows: Sequence[StepRow]) -> None:
    """The plan's own state, after its run's."""
    if plan.state in ("executing", "created") and not await _within_budget(tx, plan, gate):
        return  # it is paused now, and says so itself
    if plan.state != "executing":
        return
    if any(row.key == EPIC and row.state == "failed" for row in rows):
        await _stop(
            tx, plan, "The epic could not be made, so its stories were not started. Resume it to try again."
        )
    elif (why := await _why_paused(tx, plan)) is not None:
        await _stop(tx, plan, why)
    elif all(row.state in OVER or _only_waits_for_holders(row) for row in rows):
        plan.state = "created"
        await _finished(tx, plan)
        by_itself = (await read_department(tx)).plans.writing == "by itself"
        if by_itself and await last_delivery(tx, plan.id) is None:  # what people stopped, people begin again
            await begin_writing(tx, plan, rows)


async def begin_writing(
    tx: AsyncSession, plan: PlanRow, rows: Sequence[StepRow], requester: str | None = None
) -> int:
    """Let agents write what was made of a plan that is set up, for whoever asked for it or else the plan's own
    requester. Returns how many stories that are; 0 where they are at it, or where the plan is none that is set
    up. The plan must be locked."""
    draft = draft_of(plan)
    if plan.state != "created" or draft is None or await is_begun(tx, plan.id):
        return 0
    made = steps.made_by(rows)
    await begin_delivery(
        tx,
        plan.id,
        plan.title,
        draft.stories,
        made,
        requester=requester or plan.requester,
        place=plan.place,
        turn=plan.turn,
    )
    await steps.show(tx, plan)
    return len(made)


async def _stop(tx: AsyncSession, plan: PlanRow, why: str) -> None:
    await steps.pause(tx, plan, why)
    await notify(tx, "plan_stopped", {"plan": plan.id}, place=plan.place, people=(plan.requester,))


async def _why_paused(tx: AsyncSession, plan: PlanRow) -> str | None:
    """Why the run stands still though its plan does not: its next step could not be begun."""
    query = select(RunRow.why).where(RunRow.id == plan.run, RunRow.state == "paused")
    return (await tx.execute(query)).scalar()


def _only_waits_for_holders(row: StepRow) -> bool:
    # Who answers for a story is a proposal until a director approves it; the stories are there already.
    return row.key == ASSIGN and row.state == "submitted"


async def _let_watchers_know(tx: AsyncSession) -> None:
    """Whoever watches this plan, or what it makes, need not wait for the next sweep."""
    await defer(tx, "check_subscriptions", {}, lock="subscriptions", queueing_lock="subscriptions", slow=True)


async def spend(tx: AsyncSession, plan_id: str, hours: float) -> None:
    """Count agent-hours against a plan's budget; the look that is queued warns of it, or pauses the plan."""
    plan = await plan_for_update(tx, plan_id)
    plan.used_hours += hours
    await steps.queue_next(tx, plan)


async def _note_decision(tx: AsyncSession, plan: PlanRow) -> None:
    """A proposal that was denied, taken back or ran out ends its plan; one approved is begun by its effect."""
    if plan.approval is None:
        return
    status = Status((await approval_row(tx, plan.approval)).status)
    if status in _ENDS:
        plan.state, plan.why = "cancelled", _ENDS[status]


async def _within_budget(tx: AsyncSession, plan: PlanRow, gate: Gate) -> bool:
    """Warn once at four fifths of the budget; at all of it, pause until somebody allows more."""
    if not plan.budget_hours:
        return True
    share = plan.used_hours / plan.budget_hours
    ids = {"plan": plan.id, "key": f"budget:{plan.id}"}
    if share >= 1:
        used = f"{plan.used_hours:g} of {plan.budget_hours:g} agent-hours are used"
        await steps.pause(tx, plan, f"{used}. Resume it with a new budget, or cancel it.")
        await intervened(tx, "escalated", plan.requester, plan.id, plan.why or "", gate.clock())
        await notify(tx, "plan_over_budget", ids, place=plan.place, people=(plan.requester,))
        return False
    if share >= WARNING_SHARE and not plan.warned:
        plan.warned = True
        await notify(tx, "plan_near_budget", ids, place=plan.place, people=(plan.requester,))
    return True


async def _tell_blocked(tx: AsyncSession, plan: PlanRow, rows: Sequence[StepRow]) -> None:
    """Each step that cannot be done is told of once, to whoever wanted to hear, and anew when it was tried
    again in vain."""
    blocked = sorted(row.key for row in rows if row.state == "failed")
    new = [key for key in blocked if key not in plan.blocked]
    plan.blocked = blocked
    for key in new if BLOCKERS in plan.notifications else ():
        ids = {"plan": plan.id, "step": key, "key": f"blocked:{plan.id}:{key}"}
        await notify(tx, "plan_blocked", ids, place=plan.place, people=(plan.requester,))


async def _finished(tx: AsyncSession, plan: PlanRow) -> None:
    """Whoever wanted to hear of it gets a message of its own; the progress message is only edited."""
    if COMPLETION in plan.notifications:
        ids = {"plan": plan.id, "key": f"created:{plan.id}"}
        await notify(tx, "plan_created", ids, place=plan.place, people=(plan.requester,))


async def _cancel_epic(tx: AsyncSession, gate: Gate, plan: PlanRow, made: StepRow) -> None:
    """Once: also where the epic was being made when its plan was cancelled."""
    epic = steps.reference_of(made)
    asked = select(EffectRow.id).where(EffectRow.plan == plan.id, EffectRow.action_type == CancelEpic.type)
    if epic is None or (await tx.execute(asked.limit(1))).first() is not None:
        return
    plan.epic = None
    action = CancelEpic(
        epic=epic,
        reason=f"The plan {plan.id} was cancelled",
        plan=plan.id,
        rationale=f"The plan “{plan.title}” was cancelled: {plan.why}",
        impact="The epic and its stories that are not done are cancelled; nothing else depends on them.",
        rollback_plan="Propose the plan again: it makes a new epic.",
    )
    actor = Actor("agent", "project_manager", on_behalf_of=plan.requester)
    await gate.submit(tx, action, actor=actor, origin=Origin(turn=plan.turn, place=plan.place))
