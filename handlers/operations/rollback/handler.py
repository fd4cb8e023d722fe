"""`rollback`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import acts
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="rollback",
    purpose="Take a version back",
    example="roll back payments",
    group=Group.STOP,
    permission=acts(Role.SRE_LEAD, Role.ENGINEERING_DIRECTOR),
)
