"""What an approved plan covers: the fact `within_plan` of the authority matrix."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from agents.plans.rows import plan_by_id
from governance.approvals.store import approval_row, state_of
from governance.people import Role
from integrations.tracker.actions import CreateUrgentStory, TrackerAction


async def within_plan(action: TrackerAction, tx: AsyncSession) -> bool:
    """Whether an action is a step of a plan that was approved and still runs, within what was approved.

    An urgent priority is within it only if a product owner was among those who approved. Raises
    LookupError when the plan cannot be found.
    """
    if action.plan is None:
        return False
    plan = await plan_by_id(tx, action.plan)
    if plan.state not in ("executing", "created") or plan.approval is None:
        return False
    if isinstance(action, CreateUrgentStory):
        return Role.PRODUCT_OWNER.value in await _roles_behind(tx, plan.approval)
    return True


async def _roles_behind(tx: AsyncSession, approval: str) -> frozenset[str]:
    state = state_of(await approval_row(tx, approval))
    return frozenset(role for vote in state.votes for hat in vote.ballot.hats for role in hat.roles)
