"""`notify_customer`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import acts
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="notify_customer",
    purpose="Draft, edit and send a message to a customer",
    example="notify Acme Corp of timeline",
    group=Group.PLAN,
    permission=acts(Role.CUSTOMER_SUCCESS, Role.PRODUCT_OWNER),
)
