"""`test_coverage`: understood, and not there yet."""

from __future__ import annotations

from governance.people import Role
from governance.permissions import reads
from handlers.conversation.handler import Group, Request

HANDLER = Request(
    name="test_coverage",
    purpose="Test coverage for each service",
    example="What's our test coverage across microservices?",
    group=Group.SEE,
    permission=reads(Role.ENGINEERING_DIRECTOR, Role.SRE_LEAD, Role.PRODUCT_OWNER),
)
