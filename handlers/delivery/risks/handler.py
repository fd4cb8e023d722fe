"""`risks`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import reads
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="risks",
    purpose="What may go wrong, how likely, on what evidence",
    example="what could go wrong with SSO?",
    group=Group.SEE,
    permission=reads(Role.PRODUCT_OWNER, Role.ENGINEERING_DIRECTOR),
)
