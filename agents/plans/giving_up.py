"""What becomes of a plan one of whose jobs was given up: it stops, and its person is told."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from agents.plans import drafting, replanning, steps
from agents.plans.rows import plan_for_update
from agents.work import runs
from storage.notices import notify, tell_given_up

_WRONG = "Something went wrong on my side, and trying again did not help."
_LOG = "Whoever runs Countersign finds it in the log."


async def draft_given_up(tx: AsyncSession, plan_id: str) -> None:
    """The draft cannot be worked out: there is no plan, or the one from before the change stands."""
    why = f"{_WRONG} {_LOG}"
    try:
        await drafting.give_up(tx, plan_id, why)
    except ValueError:  # what was drafted before cannot be read, so it is no proposal any more
        plan = await plan_for_update(tx, plan_id)
        plan.state, plan.why, plan.draft = "failed", why, None
        ids = {"plan": plan.id, "key": f"plan:{plan.id}"}
        await notify(tx, "plan_proposed", ids, place=plan.place, turn=plan.turn)


async def replanning_given_up(tx: AsyncSession, plan_id: str) -> None:
    """It cannot be worked out anew: the plan stands as it is."""
    await replanning.tell(tx, await plan_for_update(tx, plan_id), f"{_WRONG} {_LOG}")


async def hours_given_up(tx: AsyncSession, plan_id: str) -> None:
    """The hours of its stories cannot be counted: its budget is not watched, and its requester is told so."""
    plan = await plan_for_update(tx, plan_id)
    await tell_given_up(
        tx,
        f"hours:{plan.id}",
        f"The hours of “{plan.title}” cannot be read from the tracker, so its budget is not watched now.",
        "Look at them in the tracker, and pause the plan if they are too many. I try again every minute.",
        people=(plan.requester,),
        plan=plan.id,
    )


async def step_given_up(tx: AsyncSession, plan_id: str) -> None:
    """The next step cannot be begun: the plan is paused. If it is cancelled, its epic could not be.

    A plan that is set up already, or proposed, has nothing to pause; its requester is told all the same.
    """
    plan = await plan_for_update(tx, plan_id)
    if plan.state == "executing":
        plan.state = "paused"
        plan.why = f"{_WRONG} {_LOG} Resume it to try once more, or cancel it."
        if plan.run is not None:
            await runs.pause(tx, plan.run, plan.why)
        await steps.show(tx, plan)
    elif plan.state != "cancelled":
        await tell_given_up(
            tx,
            f"step:{plan.id}",
            f"Something about “{plan.title}” could not be brought up to date. {_WRONG}",
            f"What was made stands. {_LOG}",
            place=plan.place,
            people=(plan.requester,),
            plan=plan.id,
        )
        return
    elif plan.epic is None:
        return
    await notify(tx, "plan_stopped", {"plan": plan.id}, place=plan.place, people=(plan.requester,))
