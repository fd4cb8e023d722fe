"""`deploy`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import acts
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="deploy",
    purpose="Put a version somewhere; promote or abort its canary",
    example="Deploy the hotfix to production with canary rollout",
    group=Group.STOP,
    permission=acts(Role.SRE_LEAD, Role.ENGINEERING_DIRECTOR),
)
