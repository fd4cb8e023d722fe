"""`explain_incident`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import reads
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="explain_incident",
    purpose="What happened in production, and why",
    example="What caused the latency spike at 3 AM?",
    group=Group.SEE,
    permission=reads(Role.SRE_LEAD, Role.ENGINEERING_DIRECTOR, Role.PRODUCT_OWNER),
)
