"""A run under way, for its thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from agents.work.tables import RunRow
from governance.people import Person
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.run_card import run_reply
from handlers.notices import NoticeKind


async def render(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """The run as it stands now."""
    run = (await desk.tx.execute(select(RunRow).where(RunRow.id == ids["run"]))).scalar()
    return None if run is None else await run_reply(desk, run)


NOTICE = NoticeKind("run", render)
