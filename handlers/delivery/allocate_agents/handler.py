"""`allocate_agents`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import reads
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="allocate_agents",
    purpose="Put agents on work, and see what that displaces",
    example="Allocate engineering agents to critical path items",
    group=Group.PLAN,
    permission=reads(Role.ENGINEERING_DIRECTOR, Role.PRODUCT_OWNER),
)
