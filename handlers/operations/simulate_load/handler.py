"""`simulate_load`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import acts
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="simulate_load",
    purpose="A load test against staging",
    example="simulate 10x load on staging",
    group=Group.STOP,
    permission=acts(Role.SRE_LEAD),
)
