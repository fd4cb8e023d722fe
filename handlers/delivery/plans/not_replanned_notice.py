"""A plan under way was to be worked out anew, and there is nothing to propose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.plans.rows import plan_by_id
from governance.people import Person
from handlers.conversation.cards import Card, Link, Reply, Small, Text
from handlers.conversation.desk import Desk
from handlers.delivery.plans.words import dashboard
from handlers.notices import NoticeKind


async def render(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """Why not, and that everything stands as it stood."""
    plan = await plan_by_id(desk.tx, ids["plan"])
    desk.memory.about(plan=plan.id)
    text = f"{ids['why']} “{plan.title}” stands as it is."
    blocks = (Text((text,)), Small((Link("the whole plan", dashboard(plan.id)),)))
    return Reply(text=text, cards=(Card(f"Not replanned: {plan.title}", blocks),))


NOTICE = NoticeKind("plan_not_replanned", render)
