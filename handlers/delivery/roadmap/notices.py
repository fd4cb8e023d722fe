"""What people hear of a roadmap that they asked for: how far it is, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.roadmap.kept import roadmap_of_run
from governance.people import Person
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.delivery.roadmap.card import roadmap_reply
from handlers.notices import NoticeKind


async def _roadmap(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    row = await roadmap_of_run(desk.tx, ids["run"])
    return None if row is None else await roadmap_reply(desk, row)


NOTICE = NoticeKind("roadmap", _roadmap)
