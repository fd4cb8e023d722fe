"""A plan is being worked out, was worked out, or could not be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.plans.rows import plan_by_id
from governance.people import Person
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.delivery.plans.card import plan_reply, unchanged_reply, working_reply
from handlers.notices import NoticeKind


async def render(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """The plan's card; from now on "it" is this plan and its approval."""
    plan = await plan_by_id(desk.tx, ids["plan"])
    desk.memory.about(plan=plan.id)
    if plan.approval is not None:
        desk.memory.about(approval=plan.approval)
    if plan.state == "proposed" and plan.why is not None:
        return unchanged_reply(plan)
    return await plan_reply(desk, plan)


async def working(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """What the model does just now; nothing once the proposal is there."""
    plan = await plan_by_id(desk.tx, ids["plan"])
    return await working_reply(desk, plan, ids["steps"]) if plan.state == "drafting" else None


NOTICES = (NoticeKind("plan_proposed", render), NoticeKind("plan_working", working))
