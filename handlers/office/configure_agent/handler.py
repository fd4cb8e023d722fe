"""`configure_agent`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import reads
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="configure_agent",
    purpose="One agent's tools, model, budget and autonomy; pause it",
    example="Give the QA agent a budget of 40 hours a week",
    group=Group.STOP,
    permission=reads(Role.ENGINEERING_DIRECTOR),
)
