"""`incident`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import acts
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="incident",
    purpose="Declare, command, update, resolve or review an incident",
    example="declare an incident, checkout is down",
    group=Group.STOP,
    permission=acts(Role.SRE_LEAD),
)
