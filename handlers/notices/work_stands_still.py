"""Work that somebody waits for takes longer than work of its kind may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from agents.plans.rows import plan_by_id
from governance.people import Person
from governance.tables import EffectRow
from handlers.conversation.cards import Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.wording import names_of_people
from handlers.notices import NoticeKind


async def render(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """That it is known, that it goes on by itself, and whom to tell if it does not."""
    text = (
        f"{await _what(desk, ids)} takes longer than it should: over {ids['minutes']} minutes by now. I go on"
        " trying; you need not ask again. If it stays so, tell whoever runs Countersign."
    )
    return Reply(text=text, cards=(Card("Still at work", (Text((text,)),), "warning"),))


async def _what(desk: Desk, ids: Mapping[str, Any]) -> str:
    if "plan" in ids:
        return f"The plan “{(await plan_by_id(desk.tx, ids['plan'])).title}”"
    if "effect" in ids:
        query = select(EffectRow).where(EffectRow.id == ids["effect"])
        row = (await desk.tx.execute(query)).scalar_one()
        return f"“{desk.gate.registry.decode(row.body).described(await names_of_people(desk.tx))}”"
    return "The answer to your message"


NOTICE = NoticeKind("work_stands_still", render)
