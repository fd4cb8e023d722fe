"""`architecture_review`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import reads
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="architecture_review",
    purpose="Review services or a design against the standards",
    example="Run architecture review on the new services",
    group=Group.CHECK,
    permission=reads(Role.ENGINEERING_DIRECTOR, Role.ARCHITECT),
)
