"""What somebody who is asked elsewhere than in a plan's thread reads: of a plan, and of a replanning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.actions import ReplanPlan
from agents.planning.comparison import compare_figures
from agents.planning.draft import PlanDraft, from_json
from agents.plans import steps
from agents.plans.rows import draft_of, plan_by_id, plan_of_approval, steps_of
from agents.plans.tables import PlanRow
from governance.action import Action
from governance.tables import ApprovalRow
from handlers.conversation.cards import Block, Bold, Bullets, Button, Inline, Link, Small, Table, Text
from handlers.conversation.desk import Desk
from handlers.conversation.details import ApprovalDetails, Details
from handlers.conversation.wording import counted
from handlers.delivery.plans import proposal
from handlers.delivery.plans.card import PLAN_EXECUTION
from handlers.delivery.plans.formats import dashboard, hours_text
from handlers.delivery.plans.modify_form import modify_form
from handlers.delivery.whereabouts.work_state import sprint_names
from integrations.tracker.actions import Placing

_MOST_REASONS = 8
_MOST = 40
"""More stories than these are counted; the dashboard has the plan in full."""


async def _describe_plan(desk: Desk, row: ApprovalRow, _actions: Sequence[Action]) -> Details:
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


PLAN_DETAILS = ApprovalDetails(PLAN_EXECUTION, _describe_plan)


async def _describe_changes(desk: Desk, _row: ApprovalRow, actions: Sequence[Action]) -> Details:
    action = actions[0]
    if not isinstance(action, ReplanPlan):
        return Details()
    plan = await plan_by_id(desk.tx, action.plan)
    old, new = _drafts(plan, action)
    if old is None or new is None:
        return Details((_whole(plan),))
    keys = {story: key for key, story in steps.made_by(await steps_of(desk.tx, plan.id)).items()}
    blocks: tuple[Block, ...] = (
        Text((_stays(action, new),)),
        await _table(desk, action, new, keys),
        *_rest(action),
        *proposal.misses(new),
        *_differs(old, new),
        *_because(new),
        proposal.figures(new, desk),
        *proposal.blockers(new),
        _whole(plan),
    )
    return Details(blocks, new.facts)


def _drafts(plan: PlanRow, action: ReplanPlan) -> tuple[PlanDraft | None, PlanDraft | None]:
    """The plan as it was and as it is proposed; the latter took the former's place when it was approved."""
    if plan.version == action.version:
        return draft_of(plan), from_json(plan.replanned) if plan.replanned else None
    if plan.version == action.version + 1 and plan.previous is not None:
        return from_json(plan.previous), draft_of(plan)
    return None, None  # a later one took its place


def _stays(action: ReplanPlan, new: PlanDraft) -> str:
    if not action.stay:
        return "None of its stories is done or under way yet."
    used = next((fact.value for fact in new.facts if fact.name == "hours used"), 0.0)
    worked = f", {hours_text(float(str(used)))} so far" if used else ""
    return f"{counted(action.stay, 'story', 'stories')} done or under way stay as they are{worked}."


async def _table(desk: Desk, action: ReplanPlan, new: PlanDraft, keys: Mapping[str, str]) -> Block:
    names = await sprint_names(desk, (id for item in action.stories[:_MOST] for id in (item.was, item.sprint)))
    titles = {story.key: story.title for story in new.stories}
    rows = tuple(
        (
            item.story,
            titles.get(keys.get(item.story, ""), ""),
            _change(
                names.get(item.was, item.was) or "no sprint", names.get(item.sprint, item.sprint) or "no sprint"
            ),
            _change(*_hours(item)),
        )
        for item in action.stories[:_MOST]
    )
    return Table(("", "Open story", "Sprint", "Agent-hours"), rows, align="lllr")


def _rest(action: ReplanPlan) -> list[Block]:
    left = len(action.stories) - _MOST
    return [Small((f"and {counted(left, 'more story', 'more stories')}.",))] if left > 0 else []


def _hours(item: Placing) -> tuple[str, str]:
    was = f"{item.was_hours:g}" if item.was_hours is not None else "none"
    return was, f"{item.hours:g}" if item.hours is not None else was


def _change(was: str, becomes: str) -> str:
    return was if was == becomes else f"{was} → {becomes}"


def _differs(old: PlanDraft, new: PlanDraft) -> list[Block]:
    sentences: tuple[tuple[Inline, ...], ...] = tuple((sentence,) for sentence in compare_figures(old, new))
    return [Text((Bold("What that changes"),)), Bullets(sentences)] if sentences else []


def _because(new: PlanDraft) -> list[Block]:
    if not new.because:
        return []
    said: list[tuple[Inline, ...]] = [(line,) for line in new.because[:_MOST_REASONS]]
    if len(new.because) > _MOST_REASONS:
        said.append((f"and {len(new.because) - _MOST_REASONS} more, in the dashboard.",))
    return [Text((Bold("Why"),)), Bullets(tuple(said))]


def _whole(plan: PlanRow) -> Small:
    return Small((Link("the whole plan", dashboard(plan.id)),))


CHANGE_DETAILS = ApprovalDetails("plan_change", _describe_changes)

DETAILS = (PLAN_DETAILS, CHANGE_DETAILS)
