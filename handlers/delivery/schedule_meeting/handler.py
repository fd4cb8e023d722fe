"""`schedule_meeting`: understood, and not there yet."""

from __future__ import annotations

from governance.permissions import KNOWN
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="schedule_meeting",
    purpose="Find a time, invite, attach a pre-read",
    example="schedule review for Monday with senior architects",
    group=Group.PLAN,
    permission=KNOWN,
)
