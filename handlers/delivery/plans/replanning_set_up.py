"""Replanning work that is in the tracker: asked for in words, worked out by a job, proposed as old and new."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from agents.planning.draft import PlanDraft
from agents.plans.rows import changes_of, changes_to_json, plan_for_update, steps_of
from agents.plans.steps import is_set_up
from agents.plans.tables import PlanRow
from governance.record import intervened
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known
from handlers.conversation.turn import Turn
from handlers.delivery.plans.halted import demand_agents
from handlers.delivery.plans.replanning import read_replan
from storage.jobs import defer


async def replan_set_up(turn: Turn, desk: Desk, plan: PlanRow, draft: PlanDraft, text: str) -> Reply:
    """Have what is open worked out anew, from another day on where the words name one."""
    if not is_set_up(await steps_of(desk.tx, plan.id)):
        raise CannotAnswer(
            f"“{plan.title}” is still being set up. Ask again when its stories are made; its progress says so."
        )
    desk.demand_order(f"schedule what is open of “{plan.title}” anew")
    row = await plan_for_update(desk.tx, plan.id)
    here = ZoneInfo(desk.department.calendar_of(None).time_zone)
    today = desk.now.astimezone(here).date()
    to_come = replace(draft, schedule=tuple(place for place in draft.schedule if place.starts > today))
    standing = changes_of(row)
    wanted = read_replan(text, row, to_come, desk.department, desk.now, here) or standing
    if replace(wanted, start=standing.start) != standing:
        raise CannotAnswer(
            f"The stories of “{plan.title}” are in the tracker. I schedule what is open of them anew, from a"
            " day that you name or as soon as there is room; a new budget goes with resuming it, and single"
            " stories are changed by themselves."
        )
    demand_agents(desk, f"“{plan.title}” stays as it is; ask again when they go on.")
    person = known(turn)
    row.changes, row.turn = changes_to_json(wanted), turn.id
    await intervened(desk.tx, "modified", person.id, plan.id, "asked to replan it", desk.now)
    args = {"plan": plan.id, "person": person.id, "turn": turn.id}
    await defer(desk.tx, "replan", args, lock=f"plan:{plan.id}", slow=True)
    where = "here"
    if plan.thread != turn.place.key:
        where = "to the plan's own thread"
    start = f", not before {wanted.start}" if wanted.start and wanted.start > today else ""
    return Reply(
        text=f"I work out anew what of “{plan.title}” is open{start}: estimated from all that is done by now,"
        f" and scheduled into today's capacity. What is done or under way stays. The proposal comes {where}."
    )
