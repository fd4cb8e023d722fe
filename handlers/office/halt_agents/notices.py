"""The workers have acknowledged a halt, or ten seconds are over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.overrides.halt_report import read_report
from governance.people import Person
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.halt_card import halt_reply
from handlers.notices import NoticeKind


async def render(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """The halt's card again, with who acknowledged; it edits the first answer."""
    if desk.standing.halt is None:
        return None
    return await halt_reply(desk, await read_report(desk.tx, ids["override"]))


NOTICE = NoticeKind("halt_acknowledged", render)
