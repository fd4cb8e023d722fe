"""`require_review`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import acts
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="require_review",
    purpose="Make a security review mandatory",
    example="require a security review for payments",
    group=Group.CHECK,
    permission=acts(Role.COMPLIANCE_OFFICER),
)
