"""Something was tried often, did not work, and is given up: said once to those whom it is for.

The card is made of nothing but the words in the notice: what is broken is looked up nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.people import Person
from handlers.conversation.cards import Block, Card, Link, Reply, Small, Text
from handlers.conversation.desk import Desk
from handlers.delivery.plans.formats import dashboard
from handlers.notices import NoticeKind


async def render(_desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """What did not work, and what to do next."""
    text = f"{ids['what']} {ids['next']}"
    blocks: list[Block] = [Text((text,))]
    if plan := ids.get("plan"):
        blocks.append(Small((Link("the whole plan", dashboard(plan)),)))
    return Reply(text=text, cards=(Card("That did not work", tuple(blocks), "bad"),))


NOTICE = NoticeKind("job_given_up", render, urgent="blocker")
