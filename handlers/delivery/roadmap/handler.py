"""`roadmap`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import reads
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="roadmap",
    purpose="A roadmap for a quarter from backlog, capacity, priorities and return",
    example="Generate the Q2 roadmap based on backlog and capacity",
    group=Group.PLAN,
    permission=reads(Role.PRODUCT_OWNER, Role.ENGINEERING_DIRECTOR),
)
