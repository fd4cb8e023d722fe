"""`velocity`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import reads
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="velocity",
    purpose="How fast we deliver, the trend and a forecast",
    example="Show me our velocity trends and predictions",
    group=Group.SEE,
    permission=reads(Role.PRODUCT_OWNER, Role.ENGINEERING_DIRECTOR, Role.SRE_LEAD, Role.ENGINEER),
)
