"""Carrying a plan out: one step after another, each through the gate, each once.

Every call looks at the rows and does what is next: it runs when a step ended, when somebody resumed the
plan, after a halt, and again after a crash. The plan's row is locked while it runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from agents.plans import steps
from agents.plans.rows import draft_of, plan_for_update, steps_of
from agents.plans.step_actions import Owner, action_of
from agents.plans.tables import PlanRow, PlanStepRow
from agents.plans.wishes import BLOCKERS, COMPLETION
from governance.action import Action, OutcomeState, Verdict
from governance.approvals.decision import Status
from governance.approvals.store import approval_row
from governance.effects import Origin, effect_for_update, outcome_of
from governance.gate import Asking, Gate, Submitted
from governance.people import Actor
from governance.record import intervened
from integrations.tracker.actions import CancelEpic, RescheduleStories
from storage.jobs import defer
from storage.notices import notify

WARNING_SHARE = 0.8
"""Of the budget in agent-hours: at this much people are warned, at all of it the plan pauses."""

_ENDS = {
    Status.DENIED: "The proposal was denied.",
    Status.WITHDRAWN: "The proposal was taken back.",
    Status.EXPIRED: "Nobody decided on the proposal in time.",
}

_PASSING = ("halt", "freeze", "window", "policy_unreadable")
"""Rules whose refusals end by themselves or are lifted: a step that meets one waits, and its plan with it."""

_NOTHING = {
    steps.SCHEDULE: "It found no place in the sprints that are planned, or was not made.",
    steps.ASSIGN: "No team that works on this has somebody to hold its stories.",
}
"""Why a step had nothing to do."""


async def advance(tx: AsyncSession, gate: Gate, plan_id: str, assignees: Mapping[str, str]) -> None:
    """Take note of what ended, and submit what is next. `assignees`: a team's proposed holder, by team."""
    plan = await plan_for_update(tx, plan_id)
    rows = await steps_of(tx, plan.id)
    changed = await _take_note(tx, plan, rows)
    if plan.state == "proposed":
        await _note_decision(tx, plan)
    elif plan.state == "cancelled":
        await _cancel_epic(tx, gate, plan)
    elif plan.state in ("executing", "created") and not await _within_budget(tx, plan, gate):
        pass  # it is paused now, and says so itself
    elif plan.state == "executing":
        changed |= await _submit_next(tx, gate, plan, rows, assignees)
        if all(row.state in steps.OVER or _only_waits_for_holders(row) for row in rows):
            plan.state = "created"
            changed = True
            await _finished(tx, plan)
    if changed:
        await steps.show(tx, plan)
        await _let_watchers_know(tx)


async def _let_watchers_know(tx: AsyncSession) -> None:
    """Whoever watches this plan, or what it makes, need not wait for the next sweep."""
    await defer(tx, "check_subscriptions", {}, lock="subscriptions", queueing_lock="subscriptions", slow=True)


async def spend(tx: AsyncSession, plan_id: str, hours: float) -> None:
    """Count agent-hours against a plan's budget; the next step sees them."""
    plan = await plan_for_update(tx, plan_id)
    plan.used_hours += hours
    await steps.go_on(tx, plan)


async def _note_decision(tx: AsyncSession, plan: PlanRow) -> None:
    """A proposal that was denied, taken back or ran out ends its plan; one approved is begun by its effect."""
    if plan.approval is None:
        return
    status = Status((await approval_row(tx, plan.approval)).status)
    if status in _ENDS:
        plan.state, plan.why = "cancelled", _ENDS[status]


async def _take_note(tx: AsyncSession, plan: PlanRow, rows: Sequence[PlanStepRow]) -> bool:
    changed = False
    for row in rows:
        if row.state != "submitted" or row.effect is None:
            continue
        effect = await effect_for_update(tx, row.effect)
        ended = outcome_of(effect)
        if effect.state == "done" and ended is not None:
            row.state, row.reference, row.detail = "done", ended.reference, ended.detail
        elif effect.state in ("failed", "unknown", "withdrawn"):
            row.state, row.detail = "failed", ended.detail if ended else effect.held
            await _blocked(tx, plan, row)
        elif effect.state == "held" and row.detail != effect.held:
            row.detail = effect.held
        else:
            continue
        changed = True
        if row.key == steps.EPIC and row.state == "done":
            plan.epic = row.reference
    return changed


async def _submit_next(
    tx: AsyncSession, gate: Gate, plan: PlanRow, rows: Sequence[PlanStepRow], assignees: Mapping[str, str]
) -> bool:
    """One step at a time: a story names the ids that earlier ones were given."""
    if any(row.state == "submitted" for row in rows if row.key != steps.ASSIGN):
        return False
    draft = draft_of(plan)
    if draft is None:
        return False
    if any(step.state == "failed" for step in rows if step.key == steps.EPIC):
        plan.state = "paused"
        plan.why = "The epic could not be made, so its stories were not started. Resume it to try again."
        await notify(tx, "plan_stopped", {"plan": plan.id}, place=plan.place, people=(plan.requester,))
        return True
    changed = False
    for row in rows:
        if row.state != "waiting":
            continue
        changed = True
        kind, _, moved_by = row.key.partition(":")
        if kind == steps.MOVE:
            action: Action | None = await _moving(tx, plan, row, moved_by)
        else:
            owner = Owner(plan.id, plan.title, plan.document, plan.epic, len(rows))
            action = action_of(owner, draft, row.key, row.position, steps.made_by(rows), assignees)
        if action is None:
            row.state, row.detail = "left", _NOTHING[row.key.partition(":")[0]]
            continue
        if await _submit(tx, gate, plan, row, action):
            break
    return changed


async def _submit(tx: AsyncSession, gate: Gate, plan: PlanRow, row: PlanStepRow, action: Action) -> bool:
    """Submit a step. Returns whether the others wait for it: they do not for one that is left for good."""
    actor = Actor("agent", "project_manager", on_behalf_of=plan.requester)
    ruling = await gate.rule(tx, action, actor=actor)
    if ruling.verdict is Verdict.REFUSE and ruling.rule.startswith(_PASSING):
        row.detail = ruling.why
        return True
    submitted = await gate.submit(
        tx,
        action,
        actor=actor,
        origin=Origin(turn=plan.turn, place=plan.place),
        asking=Asking(title=f"Who holds the stories of {plan.title}"),
    )
    _note_submission(row, submitted)
    if row.state == "left":
        await _blocked(tx, plan, row)
    return row.state == "submitted"


def _only_waits_for_holders(row: PlanStepRow) -> bool:
    # Who answers for a story is a proposal until a director approves it; the stories are there already.
    return row.key == steps.ASSIGN and row.state == "submitted"


def _note_submission(row: PlanStepRow, submitted: Submitted) -> None:
    row.effect = submitted.effect
    match submitted.ruling.verdict:
        case Verdict.EXECUTE | Verdict.APPROVE_FIRST:
            row.state = "submitted"
        case Verdict.PEOPLE_ONLY | Verdict.REFUSE:
            row.state, row.detail = "left", submitted.ruling.why
    if submitted.outcome is not None and submitted.outcome.state is OutcomeState.DONE:
        row.state, row.reference = "done", submitted.outcome.reference


async def _moving(tx: AsyncSession, plan: PlanRow, row: PlanStepRow, approved: str) -> Action:
    """What was approved, exactly: the stories as they stood then, so that one begun since stops it all."""
    effect = await effect_for_update(tx, approved)
    return RescheduleStories.model_validate(
        {
            "stories": effect.body["stories"],
            "rationale": f"“{plan.title}” was worked out anew, and that was approved.",
            "impact": f"{row.title}; what is done or under way stays.",
            "rollback_plan": "Give the stories the sprints and estimates back that they had.",
            "plan": plan.id,
        }
    )


async def _within_budget(tx: AsyncSession, plan: PlanRow, gate: Gate) -> bool:
    """Warn once at four fifths of the budget; at all of it, pause until somebody allows more."""
    if not plan.budget_hours:
        return True
    share = plan.used_hours / plan.budget_hours
    if share >= 1:
        used = f"{plan.used_hours:g} of {plan.budget_hours:g} agent-hours are used"
        plan.state, plan.why = "paused", f"{used}. Resume it with a new budget, or cancel it."
        await intervened(tx, "escalated", plan.requester, plan.id, plan.why, gate.clock())
        ids = {"plan": plan.id, "key": f"budget:{plan.id}"}
        await notify(tx, "plan_over_budget", ids, place=plan.place, people=(plan.requester,))
        await steps.show(tx, plan)
        return False
    if share >= WARNING_SHARE and not plan.warned:
        plan.warned = True
        ids = {"plan": plan.id, "key": f"budget:{plan.id}"}
        await notify(tx, "plan_near_budget", ids, place=plan.place, people=(plan.requester,))
    return True


async def _blocked(tx: AsyncSession, plan: PlanRow, row: PlanStepRow) -> None:
    if BLOCKERS in plan.notifications:
        ids = {"plan": plan.id, "step": row.key, "key": f"blocked:{plan.id}:{row.key}"}
        await notify(tx, "plan_blocked", ids, place=plan.place, people=(plan.requester,))


async def _finished(tx: AsyncSession, plan: PlanRow) -> None:
    """Whoever wanted to hear of it gets a message of its own; the progress message is only edited."""
    if COMPLETION in plan.notifications:
        ids = {"plan": plan.id, "key": f"created:{plan.id}"}
        await notify(tx, "plan_created", ids, place=plan.place, people=(plan.requester,))


async def _cancel_epic(tx: AsyncSession, gate: Gate, plan: PlanRow) -> None:
    if plan.epic is None:
        return
    epic, plan.epic = plan.epic, None
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
