"""How an effect ended that a thread was waiting for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from governance.effects import outcome_of
from governance.people import Person
from governance.tables import EffectRow
from handlers.conversation.cards import Bold, Button, Buttons, Card, Code, Reply, Small, Text, Tone
from handlers.conversation.desk import Desk
from handlers.conversation.details import effect_details_of
from handlers.conversation.wording import names_of_people
from handlers.notices import NoticeKind

_TITLES: Mapping[str, tuple[str, Tone]] = {
    "done": ("Done", "good"),
    "failed": ("Failed", "bad"),
    "unknown": ("Nobody knows whether this happened", "bad"),
    "held": ("Held back", "waiting"),
    "withdrawn": ("Not done", "warning"),
}


async def render(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """One line on what was done or not, why, and the next step."""
    row = (await desk.tx.execute(select(EffectRow).where(EffectRow.id == ids["effect"]))).scalar_one()
    if row.state not in _TITLES:
        return None
    title, tone = _TITLES[row.state]
    action = desk.gate.registry.decode(row.body)
    what = action.described(await names_of_people(desk.tx))
    text = f"{title}: {what}. {_what_next(row)}"
    desk.memory.about(effect=row.id)
    details = await effect_details_of(desk, row, action)
    blocks = (
        Text((Bold(what), ". ", _what_next(row))),
        *details.blocks,
        Buttons((*details.buttons, Button("Show the record", "show_effect", row.id))),
        Small((Code(row.id),)),
    )
    return Reply(text=text, cards=(Card(f"{title}: {what}", blocks, tone),), key=ids["key"])


def _what_next(row: EffectRow) -> str:
    outcome = outcome_of(row)
    detail = outcome.detail if outcome is not None else ""
    match row.state:
        case "done":
            return detail
        case "unknown":
            return f"{detail} I do not try again: please look, and tell the team what you find."
        case "held":
            return f"{row.held} It goes on by itself when that ends."
        case _:
            return detail or row.held or ""


NOTICE = NoticeKind("effect_ended", render)
