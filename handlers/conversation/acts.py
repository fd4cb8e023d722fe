"""What somebody did last, in a thread or a few minutes ago: what a correction is about."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import or_, select

from handlers.conversation.desk import Desk
from handlers.conversation.tables import ActRow
from handlers.conversation.turn import Clicked, Said, Turn

NEARBY = timedelta(minutes=10)
"""How long outside its thread, in the same channel, something still counts as just done."""

_KEPT = 2000
"""Characters of a message that are kept of what was asked."""


def note_act(
    turn: Turn,
    desk: Desk,
    *,
    effect: str | None = None,
    reference: str | None = None,
    before: str | None = None,
) -> ActRow | None:
    """Remember that this turn set something going for the request that it was read as; None for strangers."""
    if turn.person is None or desk.memory.intent is None:
        return None
    act = ActRow(
        id=f"ac_{secrets.token_hex(6)}",
        person=turn.person.id,
        thread=turn.place.key,
        channel=f"{turn.place.platform}:{turn.place.channel}",
        request=desk.memory.intent,
        words=_words(turn)[:_KEPT],
        effect=effect,
        reference=reference,
        before=before,
        at=desk.now,
    )
    desk.tx.add(act)
    return act


async def last_act(turn: Turn, desk: Desk) -> ActRow | None:
    """This person's latest act that stands: of this thread, or else of the last minutes in this channel."""
    if turn.person is None:
        return None
    here = ActRow.thread == turn.place.key
    channel = f"{turn.place.platform}:{turn.place.channel}"
    lately = (ActRow.channel == channel) & (ActRow.at > desk.now - NEARBY)
    query = select(ActRow).where(
        ActRow.person == turn.person.id, ActRow.taken_back.is_(None), or_(here, lately)
    )
    newest = query.order_by(here.desc(), ActRow.at.desc(), ActRow.id.desc()).limit(1)
    return (await desk.tx.execute(newest)).scalar()


async def act_by_id(desk: Desk, act: str) -> ActRow | None:
    """An act by its id, whoever did it and whether it stands or not."""
    return (await desk.tx.execute(select(ActRow).where(ActRow.id == act))).scalar()


def _words(turn: Turn) -> str:
    match turn.what:
        case Said(text=text):
            return text
        case Clicked(verb="ask", subject=subject):
            return subject.partition(" ")[2]
        case _:
            return ""
