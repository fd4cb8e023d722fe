"""What its thread hears of a meeting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.meetings.meeting_run import NoSuchMeeting, meeting_by_id
from governance.people import Person
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.delivery.schedule_meeting.cards import meeting_reply
from handlers.notices import NoticeKind


async def _meeting(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    try:
        row = await meeting_by_id(desk.tx, ids["meeting"])
    except NoSuchMeeting:
        return None
    desk.memory.about(meeting=row.id)
    return await meeting_reply(desk, row)


NOTICE = NoticeKind("meeting", _meeting)
