"""What becomes of a plan one of whose jobs was given up: it stops, and its person is told."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from agents.plans import drafting, replanning, steps
from agents.plans.rows import plan_for_update
from storage.notices import notify

_WRONG = "Something went wrong on my side, and trying again did not help."
_LOG = "Whoever runs Countersign finds it in the log."


async def draft_given_up(tx: AsyncSession, plan_id: str) -> None:
    """The draft cannot be worked out: there is no plan, or the one from before the change stands."""
    await drafting.give_up(tx, plan_id, f"{_WRONG} {_LOG}")


async def replanning_given_up(tx: AsyncSession, plan_id: str) -> None:
    """It cannot be worked out anew: the plan stands as it is."""
    await replanning.tell(tx, await plan_for_update(tx, plan_id), f"{_WRONG} {_LOG}")


async def step_given_up(tx: AsyncSession, plan_id: str) -> None:
    """The next step cannot be begun: the plan is paused. If it is cancelled, its epic could not be."""
    plan = await plan_for_update(tx, plan_id)
    if plan.state == "executing":
        plan.state = "paused"
        plan.why = f"{_WRONG} {_LOG} Resume it to try once more, or cancel it."
        await steps.show(tx, plan)
    elif plan.state != "cancelled" or plan.epic is None:
        return
    await notify(tx, "plan_stopped", {"plan": plan.id}, place=plan.place, people=(plan.requester,))
