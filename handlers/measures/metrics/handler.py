"""`metrics`: understood, and not there yet."""

from __future__ import annotations

from governance.permissions import KNOWN_BUT_CUSTOMER_SUCCESS
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="metrics",
    purpose="The department's ratios: delivery, operations, satisfaction",
    example="what's our change failure rate?",
    group=Group.SEE,
    permission=KNOWN_BUT_CUSTOMER_SUCCESS,
)
