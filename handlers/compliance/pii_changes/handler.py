"""`pii_changes`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import reads
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="pii_changes",
    purpose="Changes that touch personal data",
    example="Show me all PII-handling code changes",
    group=Group.CHECK,
    permission=reads(Role.COMPLIANCE_OFFICER),
)
