"""Actions on plans: executing, replanning, pausing, resuming, cancelling. All change our own rows alone."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from agents.engineering.delivery_rows import is_under_way
from agents.planning.draft import NotEnoughHistory
from agents.plans import steps
from agents.plans.rows import digest_of, draft_of, plan_by_id, plan_for_update
from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.authority.vocabulary import Given, Unestablished
from governance.effects import actor_of, effect_for_update
from governance.people import Actor
from governance.registry import ActionSpec, EffectFailed, free
from integrations.tracker.actions import Placing


class PlanAction(Action):
    """What every action on a plan has: which plan, and the draft it is about."""

    plan: str
    title: str = Field(max_length=300)


class ExecutePlan(PlanAction):
    """Carry a proposed plan out: make its epic and stories, and schedule them.

    `version` and `draft_digest` bind the exact draft that people saw; a plan that was drafted anew
    since is not executed.
    """

    type = "plan.execute"
    decision_type = "plan_execution"

    version: int
    draft_digest: str
    stories: int = Field(ge=0)
    hours: str

    def summary(self) -> str:
        return f"Carry out “{self.title}”: one epic, {self.stories} stories, {self.hours} agent-hours"


class PausePlan(PlanAction):
    """Start no further step of a plan until it is resumed."""

    type = "plan.pause"
    decision_type = "plan_change"

    def summary(self) -> str:
        return f"Pause “{self.title}”"


class ResumePlan(PlanAction):
    """Go on with a paused plan; with `budget_hours`, under a new budget."""

    type = "plan.resume"
    decision_type = "plan_change"

    budget_hours: str | None = None

    def summary(self) -> str:
        budget = f" with a budget of {self.budget_hours} agent-hours" if self.budget_hours else ""
        return f"Resume “{self.title}”{budget}"


class CancelPlan(PlanAction):
    """End a plan: its epic and every story of it that is not done are cancelled."""

    type = "plan.cancel"
    decision_type = "plan_change"

    def summary(self) -> str:
        return f"Cancel “{self.title}” with its stories that are not done"


class ReplanPlan(PlanAction):
    """Schedule anew what of a plan is open in the tracker; what is done or under way stays.

    `stories` are all that becomes different; `version` is the plan's that people saw, `draft_digest` the
    draft's that takes its place.
    """

    type = "plan.replan"
    decision_type = "plan_change"

    version: int
    draft_digest: str
    stories: tuple[Placing, ...] = Field(min_length=1, max_length=500)
    stay: int = Field(ge=0)

    def summary(self) -> str:
        count = f"{len(self.stories)} open {'story' if len(self.stories) == 1 else 'stories'}"
        return f"Schedule {count} of “{self.title}” anew; {self.stay} that are done or under way stay"


def specs() -> tuple[ActionSpec, ...]:
    """How the gate performs these."""
    return (
        ActionSpec(
            ExecutePlan,
            _subject,
            change=_execute,
            undo=_undo_execute,
            establish=_of_the_plan,
            establishes=("hours", "plan_cost"),
            costs=free,
        ),
        ActionSpec(ReplanPlan, _subject, change=_replan, costs=free),
        ActionSpec(PausePlan, _subject, change=_pause, undo=_undo_pause, costs=free),
        ActionSpec(ResumePlan, _subject, change=_resume, costs=free),
        ActionSpec(CancelPlan, _subject, change=_cancel, costs=free),
    )


async def _of_the_plan(action: ExecutePlan, _actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
    """What the draft that people saw takes. Raises NoSuchPlan."""
    draft = draft_of(await plan_by_id(tx, action.plan))
    hours = Decimal(action.hours) if action.hours.replace(".", "", 1).isdigit() else None
    budget = None if draft is None else draft.budget
    cost = (
        Unestablished("there is not enough history")
        if isinstance(budget, NotEnoughHistory | None)
        else budget.cost
    )
    return {"hours": hours or Unestablished("there is not enough history"), "plan_cost": cost}


def _subject(action: PlanAction) -> Subject:
    return Subject(process="planning", plan=action.plan, decides=f"{action.type} {action.plan}")


async def _execute(action: ExecutePlan, grant: Grant, tx: AsyncSession) -> Outcome:
    plan = await plan_for_update(tx, action.plan)
    plan.turn = (await effect_for_update(tx, grant.effect)).turn or plan.turn
    if plan.state != "proposed" or plan.version != action.version:
        raise EffectFailed("The plan has changed since it was proposed, so this version is not carried out.")
    await steps.begin(tx, plan)
    return _done(plan.id, f"“{plan.title}” is being carried out.")


async def _replan(action: ReplanPlan, grant: Grant, tx: AsyncSession) -> Outcome:
    plan = await plan_for_update(tx, action.plan)
    plan.turn = (await effect_for_update(tx, grant.effect)).turn or plan.turn
    proposed = plan.replanned
    if proposed is None or plan.version != action.version or digest_of(proposed) != action.draft_digest:
        raise EffectFailed(
            "The plan has changed since this was proposed, so nothing is moved. Replan it again."
        )
    if plan.state not in ("executing", "created", "paused"):
        raise EffectFailed(f"The plan is {plan.state}, so nothing is moved.")
    plan.previous, plan.draft, plan.replanned, plan.version = plan.draft, proposed, None, plan.version + 1
    await steps.begin_moving(tx, plan, grant.effect, action.body()["stories"])
    later = " The stories move when it is resumed." if plan.state == "paused" else ""
    return _done(plan.id, f"“{plan.title}” is scheduled anew.{later}")


async def _pause(action: PausePlan, _grant: Grant, tx: AsyncSession) -> Outcome:
    plan = await plan_for_update(tx, action.plan)
    if plan.state == "proposed":
        raise EffectFailed("The plan waits for its approval and does nothing yet. Cancel it instead.")
    if plan.state != "executing" and not (plan.state == "created" and await is_under_way(tx, plan.id)):
        raise EffectFailed(f"The plan is {plan.state}, so there is nothing to pause.")
    await steps.pause(tx, plan, action.rationale)
    return _done(plan.id, f"“{plan.title}” is paused. Nothing new starts.")


async def _resume(action: ResumePlan, _grant: Grant, tx: AsyncSession) -> Outcome:
    plan = await plan_for_update(tx, action.plan)
    if plan.state != "paused":
        raise EffectFailed(f"The plan is {plan.state}, not paused.")
    if action.budget_hours is not None:
        plan.budget_hours, plan.warned = float(action.budget_hours), False
    await steps.resume(tx, plan)
    return _done(plan.id, f"“{plan.title}” goes on.")


async def _cancel(action: CancelPlan, grant: Grant, tx: AsyncSession) -> Outcome:
    plan = await plan_for_update(tx, action.plan)
    if plan.state in ("cancelled", "failed"):
        raise EffectFailed(f"The plan is {plan.state} already.")
    by = actor_of(await effect_for_update(tx, grant.effect))
    await steps.cancel(tx, plan, action.rationale, by)
    return _done(plan.id, f"“{plan.title}” is cancelled.")


def _undo_execute(action: ExecutePlan, _outcome: Outcome) -> Action:
    return CancelPlan(plan=action.plan, title=action.title, **_taking_back(action))


def _undo_pause(action: PausePlan, _outcome: Outcome) -> Action:
    return ResumePlan(plan=action.plan, title=action.title, **_taking_back(action))


def _taking_back(action: Action) -> dict[str, Any]:
    return {
        "rationale": f"Taking back: {action.summary()}",
        "impact": "The plan stands as it did before.",
        "rollback_plan": "Propose it again.",
    }


def _done(plan: str, detail: str) -> Outcome:
    return Outcome(OutcomeState.DONE, detail, plan)
