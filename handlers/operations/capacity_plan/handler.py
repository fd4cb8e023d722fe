"""`capacity_plan`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import reads
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="capacity_plan",
    purpose="Forecast the load of an event and plan for it",
    example="Analyze Black Friday capacity requirements based on current trends",
    group=Group.STOP,
    permission=reads(Role.SRE_LEAD, Role.ENGINEERING_DIRECTOR),
)
