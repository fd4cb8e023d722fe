"""`optimisation_report`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import reads
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="optimisation_report",
    purpose="The weekly architecture optimisation report, now",
    example="run the architecture optimisation report",
    group=Group.CHECK,
    permission=reads(Role.ENGINEERING_DIRECTOR),
)
