"""`standards`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import reads
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="standards",
    purpose="The engineering standards that reviews check against",
    example="what are our engineering standards?",
    group=Group.CHECK,
    permission=reads(Role.ENGINEERING_DIRECTOR),
)
