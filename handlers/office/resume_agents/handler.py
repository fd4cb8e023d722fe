"""`resume_agents`: the agents go on, when a second person says so."""

from __future__ import annotations

from governance.actions import halting
from governance.overrides.authority import may_resume
from governance.overrides.halting import NothingHalted, standing_halt
from governance.people import Role
from governance.permissions import Refused, acts
from governance.standing import Halt
from handlers.conversation.cards import Bold, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.halt_card import agents_reply
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.origin import known
from handlers.conversation.reasons import reason_or_words
from handlers.conversation.submitting import do_now
from handlers.conversation.turn import Turn
from handlers.conversation.wording import listed, names_of_people


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Resume, asked for in words."""
    return await _resume(turn, desk, reason_or_words(asked.text))


async def look(turn: Turn, _asked: Asked, desk: Desk) -> Reply:
    """Whether there is anything to resume."""
    return await agents_reply(turn, desk)


async def press(turn: Turn, desk: Desk) -> Reply:
    """Resume, by the button on the halt's card."""
    return await _resume(turn, desk, "Pressed “Let the agents go on”.")


async def _resume(turn: Turn, desk: Desk, reason: str) -> Reply:
    person = known(turn)
    try:
        row = await standing_halt(desk.tx)
    except NothingHalted:
        return Reply(text="The agents are not halted; there is nothing to resume.")
    allowed = may_resume(person.roles, person.id, Halt(row.made_by, row.reason, row.made))
    if isinstance(allowed, Refused):
        raise CannotAnswer(f"{allowed.why} Ask another {listed(allowed.who_may, 'or')}.")
    _, ended = await do_now(turn, desk, halting.resume_agents(reason))
    names = await names_of_people(desk.tx)
    text = f"{person.name} lets the agents go on after {names[row.made_by]} halted them. {ended.detail}"
    blocks = (
        Text((Bold(person.name), f" lets them go on; {names[row.made_by]} had halted them ({row.reason}).")),
    )
    return Reply(text=text, cards=(Card("The agents go on", (*blocks, Text((ended.detail,))), "good"),))


HANDLER = Handler(
    name="resume_agents",
    purpose="Let the agents go on after a halt",
    example="resume all agents",
    group=Group.STOP,
    permission=acts(Role.ENGINEERING_DIRECTOR, Role.EXECUTIVE, Role.COMPLIANCE_OFFICER, Role.SRE_LEAD),
    answer=answer,
    presses={"resume_agents": press},
    risk=Risk.DANGEROUS,
    look=look,
)
