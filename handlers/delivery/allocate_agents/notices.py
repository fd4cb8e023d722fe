"""What people hear of stories that agents write: how far one is, and that one needs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from agents.work.tables import RunRow
from governance.people import Person
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.delivery.allocate_agents.cards import story_work_reply
from handlers.notices import NoticeKind


async def _work(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    run = (await desk.tx.execute(select(RunRow).where(RunRow.id == ids["run"]))).scalar()
    return None if run is None else await story_work_reply(desk, run)


async def _blocked(desk: Desk, ids: Mapping[str, Any], person: Person | None) -> Reply | None:
    reply = await _work(desk, ids, person)
    return None if reply is None else replace(reply, key=ids["key"])


NOTICES = (NoticeKind("story_work", _work), NoticeKind("story_blocked", _blocked, urgent="blocker"))
