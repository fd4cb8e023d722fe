"""What somebody did last, in a thread or a few minutes ago: what a correction is about."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import or_, select

from governance.tables import EffectRow
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
    act = _act(turn, desk, desk.memory.intent, _words(turn), effect=effect, reference=reference, before=before)
    desk.tx.add(act)
    return act


def _act(
    turn: Turn,
    desk: Desk,
    request: str,
    words: str,
    *,
    effect: str | None = None,
    reference: str | None = None,
    before: str | None = None,
) -> ActRow:
    return ActRow(
        id=f"ac_{secrets.token_hex(6)}",
        person=turn.person.id if turn.person else "",
        thread=turn.place.key,
        channel=f"{turn.place.platform}:{turn.place.channel}",
        request=request,
        words=words[:_KEPT],
        effect=effect,
        reference=reference,
        before=before,
        at=desk.now,
    )


async def last_act(turn: Turn, desk: Desk, corrected: Mapping[str, str]) -> ActRow | None:
    """This person's latest act that stands: of this thread, or else of the last minutes in this channel.

    What they did by a button or a form counts, too: `corrected` are the types of actions that can be
    corrected, with the request that each belongs to.
    """
    if turn.person is None:
        return None
    here = ActRow.thread == turn.place.key
    channel = f"{turn.place.platform}:{turn.place.channel}"
    lately = (ActRow.channel == channel) & (ActRow.at > desk.now - NEARBY)
    stands = ActRow.person == turn.person.id, ActRow.taken_back.is_(None)
    query = select(ActRow).where(*stands, or_(here, lately))
    newest = query.order_by(here.desc(), ActRow.at.desc(), ActRow.id.desc()).limit(1)
    noted = (await desk.tx.execute(newest)).scalar()
    return noted or await _from_effects(turn, desk, turn.person.id, corrected)


def is_of_now(act: ActRow, turn: Turn, desk: Desk) -> bool:
    """Whether it was done in this thread and a moment ago, so that a mere "friday noon" is about it."""
    return act.thread == turn.place.key and act.at > desk.now - NEARBY


async def _from_effects(turn: Turn, desk: Desk, person: str, corrected: Mapping[str, str]) -> ActRow | None:
    """The latest effect that this person set going in the thread or just now, as the act that it is. It is
    kept where something comes of it (`keep_act`)."""
    mine = EffectRow.actor["kind"].astext == "person", EffectRow.actor["id"].astext == person
    in_thread = EffectRow.place["thread"].astext == turn.place.thread
    in_channel = EffectRow.place["channel"].astext == turn.place.channel
    lately = EffectRow.created > desk.now - NEARBY
    query = select(EffectRow).where(
        *mine,
        EffectRow.action_type.in_(corrected),
        EffectRow.state.in_(("parked", "ready", "claimed", "done", "held")),
        in_channel & (in_thread | lately),
    )
    newest = query.order_by(in_thread.desc(), EffectRow.created.desc(), EffectRow.position.desc()).limit(1)
    row = (await desk.tx.execute(newest)).scalar()
    if row is None or await _is_noted(desk, row.id):
        return None
    return _act(turn, desk, corrected[row.action_type], "", effect=row.id)


async def _is_noted(desk: Desk, effect: str) -> bool:
    """Whether it was taken back, or another act took its place; then it is nothing to correct."""
    noted = select(ActRow.id).where(ActRow.effect == effect)
    undone = select(EffectRow.id).where(EffectRow.undoes == effect)
    return (await desk.tx.execute(noted.union(undone).limit(1))).first() is not None


def keep_act(desk: Desk, act: ActRow) -> None:
    """Keep an act that a correction or a button is about."""
    desk.tx.add(act)


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
