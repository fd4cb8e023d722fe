"""Changing a proposal: what Modify was filled in with, worked out anew; and who is told of what."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from agents.planning.draft import PlanChanges
from agents.plans.rows import (
    changes_from_json,
    changes_of,
    changes_to_json,
    draft_of,
    plan_by_id,
    plan_for_update,
)
from agents.plans.tables import PlanRow
from governance.approvals.decision import Status
from governance.approvals.store import NoSuchApproval, approval_row, state_of
from governance.effects import effects_of
from governance.record import intervened
from handlers.conversation.approval_card import how_it_ended
from handlers.conversation.cards import Reply
from handlers.conversation.deciding import no_such_approval
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known
from handlers.conversation.turn import Clicked, Turn
from handlers.conversation.wording import listed, names_of_people
from handlers.delivery.plans.card import PLAN_EXECUTION, plan_reply, working_reply
from handlers.delivery.plans.modify_form import read_changes
from handlers.delivery.preconditions import demand_agents
from storage.jobs import defer


async def modify(turn: Turn, desk: Desk) -> Reply:
    """The form behind Modify, submitted."""
    pressed = turn.what
    if not isinstance(pressed, Clicked):
        raise TypeError("a press is a click")
    plan = await open_proposal(desk, pressed.subject)
    draft = draft_of(plan)
    if draft is None:
        raise CannotAnswer("The plan is still being worked out. Its card comes when that is done.")
    here = ZoneInfo(desk.department.calendar_of(None).time_zone)
    changes = read_changes(pressed.values, plan, draft, desk.department, desk.now.astimezone(here).date())
    return await change(turn, desk, plan, changes)


async def press_change(turn: Turn, desk: Desk) -> Reply:
    """The button “Work it out anew” under a change that was wished for in words."""
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    approval, _, wished = turn.what.subject.partition(" ")
    return await change(turn, desk, await open_proposal(desk, approval), changes_from_json(wished))


async def change(turn: Turn, desk: Desk, plan: PlanRow, changes: PlanChanges) -> Reply:
    """Work a proposed plan out anew with these changes, which take the place of the earlier ones.

    Where only what people want to hear of differs, the proposal stands and its card is brought up to date.
    """
    told = sorted(changes.notify)
    same_work = replace(changes, notify=()) == replace(changes_of(plan), notify=())
    if same_work and told == sorted(plan.notifications):
        return Reply(text="Nothing differs from what is proposed, so the proposal stands as it is.")
    desk.demand_order(f"change the proposed plan “{plan.title}”: {_said(changes)}")
    if same_work:
        await _tell_of(desk, plan, told)
        return await plan_reply(desk, plan)
    demand_agents(desk, f"“{plan.title}” stands as it was proposed; change it when they go on.")
    plan.changes, plan.notifications = changes_to_json(changes), told
    return await _work_out(turn, desk, plan, _said(changes))


async def read_again(turn: Turn, desk: Desk, plan: PlanRow, said: str) -> Reply:
    """Work a proposed plan out from its document anew, for something is `said` of how to read it.

    What earlier changes say of stories by their keys goes, for the stories are numbered again.
    """
    plan.changes, plan.original = changes_to_json(changes_of(plan).without_stories()), None
    return await _work_out(turn, desk, plan, said)


async def _work_out(turn: Turn, desk: Desk, plan: PlanRow, said: str) -> Reply:
    """Queue the plan's drafting; the new proposal comes to the plan's own thread."""
    plan.state, plan.why, plan.turn, plan.changed = "drafting", None, turn.id, desk.now
    await intervened(desk.tx, "modified", known(turn).id, plan.id, said, desk.now)
    await defer(desk.tx, "draft_plan", {"plan": plan.id, "turn": turn.id}, lock=f"plan:{plan.id}", slow=True)
    desk.memory.about(plan=plan.id)
    if plan.thread == turn.place.key:
        return await working_reply(desk, plan)
    if plan.requester == known(turn).id:
        where = "its own thread"
    else:
        names = await names_of_people(desk.tx)
        where = f"the thread of {names[plan.requester]}, and to you if your decision is asked for"
    return Reply(text=f"I work “{plan.title}” out again. The new proposal comes to {where}.")


async def open_proposal(desk: Desk, approval: str) -> PlanRow:
    """The plan that an open approval is about, locked. Raises CannotAnswer with why it cannot be changed."""
    try:
        row = await approval_row(desk.tx, approval)
    except NoSuchApproval:
        raise CannotAnswer(no_such_approval(approval)) from None
    if row.decision_type != PLAN_EXECUTION:
        raise CannotAnswer("Only a proposed plan can be modified. Approve or deny this one.")
    state = state_of(row)
    if state.status is Status.SUPERSEDED:
        raise CannotAnswer(f"“{row.title}” was superseded by a newer proposal; modify that one.")
    if state.status is not Status.OPEN:
        ended = await how_it_ended(desk.tx, state, await names_of_people(desk.tx))
        raise CannotAnswer(f"“{row.title}” cannot be modified any more. {ended}")
    (effect,) = await effects_of(desk.tx, approval)
    plan = await plan_for_update(desk.tx, (await plan_by_id(desk.tx, effect.body["plan"])).id)
    if plan.state == "drafting":
        raise CannotAnswer("The plan is being worked out anew already. Its new card comes when that is done.")
    return plan


async def _tell_of(desk: Desk, plan: PlanRow, wishes: list[str]) -> None:
    plan.notifications = wishes
    plan.changes = changes_to_json(replace(changes_of(plan), notify=tuple(wishes)))
    if plan.approval is not None:
        row = await approval_row(desk.tx, plan.approval, lock=True)
        row.notifications = wishes
    await desk.tx.flush()


def _said(changes: PlanChanges) -> str:
    parts = [
        f"left out {listed(changes.drop)}" if changes.drop else "",
        "; ".join(f"{key} to {team}" for key, team in changes.move),
        f"not before {changes.start}" if changes.start else "",
        f"at most {changes.budget_hours:g} agent-hours" if changes.budget_hours is not None else "",
        f"first {listed(changes.order)}" if changes.order else "",
        f"for the product {changes.product}" if changes.product else "",
    ]
    return "; ".join(filter(None, parts)) or "taken back all changes"
