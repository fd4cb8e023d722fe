"""`halt_agents`: every agent stops at once; no question is asked back."""

from __future__ import annotations

import re

from governance.actions import halting
from governance.overrides.authority import may_halt
from governance.overrides.halt_report import read_report
from governance.overrides.halting import NothingHalted, standing_halt
from governance.permissions import Refused
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.halt_card import halt_reply
from handlers.conversation.handler import Asked, CannotAnswer, Handler
from handlers.conversation.origin import known
from handlers.conversation.reasons import reason_or_words
from handlers.conversation.submitting import do_now
from handlers.conversation.turn import Turn
from handlers.conversation.wording import listed
from handlers.language.slots.words import plain

_HALTING = re.compile(
    r"\b(?:st[ao]?o?p+\w*|halt\w*|freez\w*|frozen?|paus\w*|kill\w*|shut\w*|ceas\w*|suspen\w*|terminat\w*"
    r"|disabl\w*|deactivat\w*|abort\w*|quit|hold\w*|block\w*|lock\w*|off|down|end|stand\w*|still|(?:un)?plug\w*"
    r"|red button|brakes?|emergency|mayday|enough|rogue|nobody|nothing|none|no agents?|not|any ?more"
    r"|further notice)\b"
)
"""Halting asks nothing back, so a message that merely resembles one has to hold one of its words."""


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Halt, and say who acknowledged; the card is edited as the workers answer."""
    if not asked.exact and not _HALTING.search(plain(asked.text)):
        return _asked_once_more()
    return await _halt(turn, desk, asked.text)


async def press(turn: Turn, desk: Desk) -> Reply:
    """The button that says that halting was meant."""
    return await _halt(turn, desk, "")


def _asked_once_more() -> Reply:
    text = "I stopped nothing, for no word of yours says to stop. If every agent shall halt, press the button."
    button = Button("Stop every agent now", "halt_agents", "", "danger")
    return Reply(text=text, cards=(Card("Stop every agent?", (Text((text,)), Buttons((button,))), "warning"),))


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


HANDLER = Handler("halt_agents", answer, {"halt_agents": press})
