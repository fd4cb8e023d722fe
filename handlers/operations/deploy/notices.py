"""What those who run and those who secure services are told of a critical security patch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from agents.operations.security_watch import NOTICE
from governance.effects import outcome_of
from governance.people import Person
from governance.tables import EffectRow
from handlers.conversation.cards import Block, Button, Buttons, Card, Reply, Text, Tone
from handlers.conversation.desk import Desk
from handlers.notices import NoticeKind


async def _security(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply:
    what = f"{ids['service']} {ids['version']}"
    lead = f"{what} mends {ids['advisory']}, which is critical."
    blocks: list[Block] = []
    tone: Tone = "warning"
    if ids["effect"] is None:
        lead += f" It is held: {ids['held']} It goes to staging by itself as soon as that ends."
    else:
        effect = (await desk.tx.execute(select(EffectRow).where(EffectRow.id == ids["effect"]))).scalar_one()
        ended = outcome_of(effect)
        lead += f" {ended.detail}" if ended else " It goes to staging by itself."
        tone = "good" if effect.state == "done" else "waiting" if ended is None else "bad"
        deploys = f"deploy deploy {what} to production"
        blocks.append(Buttons((Button("Deploy to production", "ask", deploys, "primary"),)))
    card = Card(f"Security patch: {what}", (Text((lead,)), *blocks), tone)
    return Reply(text=f"Security patch: {lead}", cards=(card,), key=ids["key"])


NOTICES = (NoticeKind(NOTICE, _security, urgent="blocker"),)
