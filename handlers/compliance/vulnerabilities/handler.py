"""`vulnerabilities`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import reads
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="vulnerabilities",
    purpose="Open security findings, and patching them",
    example="show open vulnerabilities",
    group=Group.CHECK,
    permission=reads(Role.COMPLIANCE_OFFICER, Role.SRE_LEAD, Role.ENGINEERING_DIRECTOR),
)
