"""`scale`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import acts
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="scale",
    purpose="More or fewer replicas of a service",
    example="give orders four more pods",
    group=Group.STOP,
    permission=acts(Role.SRE_LEAD),
)
