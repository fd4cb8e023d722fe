"""`costs`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import reads
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="costs",
    purpose="What agents and infrastructure cost, and where to save",
    example="what do the agents cost us?",
    group=Group.SEE,
    permission=reads(Role.ENGINEERING_DIRECTOR, Role.PRODUCT_OWNER, Role.SRE_LEAD),
)
