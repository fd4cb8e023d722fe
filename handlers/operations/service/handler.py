"""`service`: understood, and not there yet."""

from __future__ import annotations

from governance.permissions import KNOWN_BUT_CUSTOMER_SUCCESS
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="service",
    purpose="One service: versions, health, load, owner, dependencies",
    example="which version of orders is in production?",
    group=Group.SEE,
    permission=KNOWN_BUT_CUSTOMER_SUCCESS,
)
