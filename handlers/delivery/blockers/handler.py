"""`blockers`: understood, and not there yet."""

from __future__ import annotations

from governance.permissions import KNOWN
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="blockers",
    purpose="What blocks or delays something, across teams, and what to do about it",
    example="What's blocking the payment feature across all teams?",
    group=Group.SEE,
    permission=KNOWN,
)
