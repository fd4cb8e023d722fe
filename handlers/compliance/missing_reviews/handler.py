"""`missing_reviews`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import reads
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="missing_reviews",
    purpose="Work without its security review",
    example="Which stories lack security review?",
    group=Group.CHECK,
    permission=reads(Role.COMPLIANCE_OFFICER, Role.ENGINEERING_DIRECTOR),
)
