"""`halt_agents`: every agent stops at once; no question is asked back."""

from __future__ import annotations

import re

from governance.actions import halting
from governance.overrides.authority import may_halt
from governance.overrides.halt_report import read_report
from governance.overrides.halting import NothingHalted, standing_halt
from governance.people import Role
from governance.permissions import Refused, acts
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.halt_card import agents_reply, halt_reply
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.reasons import reason_or_words
from handlers.conversation.subjects import people_named
from handlers.conversation.submitting import do_now
from handlers.conversation.turn import Turn
from handlers.conversation.wording import listed
from handlers.language.words import plain

_WHO_MAY = re.compile(r"\b(?:can|may|could|is|allowed)\b")


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Halt, and say who acknowledged; the card is edited as the workers answer."""
    return await _halt(turn, desk, asked.text)


async def look(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Whether the agents run, when they were last halted and who let them go on; or whether somebody may."""
    named = await people_named(desk, asked.text) if _WHO_MAY.search(plain(asked.text)) else ()
    if len(named) != 1:
        return await agents_reply(turn, desk)
    allowed = may_halt(named[0].roles)
    if isinstance(allowed, Refused):
        return Reply(text=f"No, {named[0].name} may not. It takes the {listed(allowed.who_may, 'or')}.")
    return Reply(text=f"Yes, {named[0].name} may stop every agent.")


async def press(turn: Turn, desk: Desk) -> Reply:
    """The button that says that halting was meant."""
    return await _halt(turn, desk, "")


async def _halt(turn: Turn, desk: Desk, words: str) -> Reply:
    allowed = may_halt(known(turn).roles)
    if isinstance(allowed, Refused):
        raise CannotAnswer(f"{allowed.why} It takes the {listed(allowed.who_may, 'or')}.")
    try:
        standing = (await standing_halt(desk.tx)).id
    except NothingHalted:
        _, ended = await do_now(turn, desk, halting.halt_agents(reason_or_words(words)))
        standing = ended.reference or ""
    return await halt_reply(desk, await read_report(desk.tx, standing))


HANDLER = Handler(
    name="halt_agents",
    purpose="Stop every agent now",
    example="stop all agents now",
    group=Group.STOP,
    permission=acts(Role.ENGINEERING_DIRECTOR, Role.EXECUTIVE),
    answer=answer,
    presses={"halt_agents": press},
    risk=Risk.DANGEROUS,
    look=look,
)
