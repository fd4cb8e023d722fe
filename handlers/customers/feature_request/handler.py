"""`feature_request`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import acts
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="feature_request",
    purpose="Record what a customer needs",
    example="Customer X needs the export feature by next quarter",
    group=Group.PLAN,
    permission=acts(Role.CUSTOMER_SUCCESS, Role.PRODUCT_OWNER),
)
