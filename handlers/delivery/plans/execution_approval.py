"""Plans: what somebody who is asked elsewhere than in the plan's thread reads of it, and changing it."""

from __future__ import annotations

from collections.abc import Sequence

from agents.plans.rows import draft_of, plan_of_approval
from governance.action import Action
from governance.tables import ApprovalRow
from handlers.conversation.approval_details import ApprovalDetails, Details
from handlers.conversation.cards import Block, Button, Link, Small
from handlers.conversation.desk import Desk
from handlers.delivery.plans import proposal
from handlers.delivery.plans.card import PLAN_EXECUTION
from handlers.delivery.plans.modify_form import modify_form
from handlers.delivery.plans.words import dashboard


async def _describe(desk: Desk, row: ApprovalRow, _actions: Sequence[Action]) -> Details:
    plan = await plan_of_approval(desk.tx, row.id)
    draft = None if plan is None else draft_of(plan)
    if plan is None or draft is None:
        return Details()
    blocks: tuple[Block, ...] = (
        proposal.figures(draft, desk),
        *proposal.blockers(draft),
        proposal.worked_out(draft),
        Small((Link("the whole plan", dashboard(plan.id)),)),
    )
    change = Button("Modify", "modify", row.id, form=modify_form(desk, plan, draft))
    return Details(blocks, draft.facts, (change,))


DETAILS = ApprovalDetails(PLAN_EXECUTION, _describe)
