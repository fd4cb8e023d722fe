"""`compliance_report`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import reads
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="compliance_report",
    purpose="Evidence for a framework and period, and its gaps",
    example="Generate SOC2 compliance report for Q3",
    group=Group.CHECK,
    permission=reads(Role.COMPLIANCE_OFFICER),
)
