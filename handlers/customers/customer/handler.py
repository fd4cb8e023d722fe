"""`customer`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import reads
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="customer",
    purpose="One account: tier, renewal, health, requests, commitments",
    example="tell me about Acme Corp",
    group=Group.PLAN,
    permission=reads(Role.CUSTOMER_SUCCESS, Role.PRODUCT_OWNER),
)
