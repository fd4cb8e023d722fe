"""What people hear of a suite that they had run: how far it is, and what it covered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from agents.work.tables import RunRow
from governance.people import Person
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.delivery.test_coverage.card import suite_reply
from handlers.notices import NoticeKind


async def _suite(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    run = (await desk.tx.execute(select(RunRow).where(RunRow.id == ids["run"]))).scalar()
    return None if run is None else await suite_reply(desk, run)


NOTICE = NoticeKind("suite", _suite)
