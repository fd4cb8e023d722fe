"""What is heard of a request: how far it is, and that a deferred one comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agents.customers.rows import NoSuchRequest, request_by_id
from governance.people import Person
from governance.visibility import EVERYTHING, scope_of
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.customers.relations.case import look
from handlers.customers.relations.case_card import case_reply
from handlers.customers.relations.standing_card import standing_reply
from handlers.notices import NoticeKind
from integrations.customers import NoSuchAccount


async def _request(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    try:
        row = await request_by_id(desk.tx, ids["request"])
    except NoSuchRequest:
        return None
    desk.memory.about(customer_request=row.id)
    return await standing_reply(desk, row)


async def _due(desk: Desk, ids: Mapping[str, Any], person: Person | None) -> Reply | None:
    """A deferred request on its day: worked out by what is known then."""
    try:
        row = await request_by_id(desk.tx, ids["request"])
        case = await look(desk, row, EVERYTHING if person is None else scope_of(person))
    except (NoSuchRequest, NoSuchAccount):
        return None
    if row.state != "proposed":
        return None
    desk.memory.about(customer_request=row.id)
    reply = case_reply(desk, row, case, "You put this off until today.")
    return replace(reply, key=str(ids["key"]))


NOTICES = (NoticeKind("customer_request", _request), NoticeKind("customer_request_due", _due))
