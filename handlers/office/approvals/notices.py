"""Approvals as notices: asked for, reminded of, escalated, closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from governance.approvals.decision import Status
from governance.approvals.store import approval_row, hold, state_of
from governance.effects import effects_of
from governance.people import Person
from governance.tables import ApprovalRow
from governance.visibility import scope_of
from handlers.conversation.approval_card import DECIDING, approval_reply
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.delivery.plans.card import PLAN_EXECUTION, closed_reply
from handlers.notices import NoticeKind
from integrations.mail.actions import SendToCustomer


async def requested(desk: Desk, ids: Mapping[str, Any], person: Person | None) -> Reply | None:
    """The card, where it was asked for and with everybody who may decide; from now on "it" there.

    In the thread where a plan was asked for, the plan's own card is that card.
    """
    if person is None and (await approval_row(desk.tx, ids["approval"])).decision_type == PLAN_EXECUTION:
        return None
    return await _card(desk, ids, "" if person is None else "Your decision is asked for.", person)


async def reminder(desk: Desk, ids: Mapping[str, Any], person: Person | None) -> Reply | None:
    """Three quarters of the time are over."""
    return await _card(desk, ids, "A reminder: this still waits for your decision.", person, only_open=True)


async def escalated(desk: Desk, ids: Mapping[str, Any], person: Person | None) -> Reply | None:
    """Whoever was asked first is away or did not answer."""
    lead = "You are asked next: whoever was asked before you is away or has not decided."
    return await _card(desk, ids, lead, person, only_open=True)


async def closed(desk: Desk, ids: Mapping[str, Any], person: Person | None) -> Reply | None:
    """The card without its buttons, saying how it ended."""
    row = await approval_row(desk.tx, ids["approval"])
    if person is None and row.decision_type == PLAN_EXECUTION:
        return await closed_reply(desk, row)
    return await _card(desk, ids, "", person)


async def shown(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    """The card as it is now, for whatever shows it with its buttons."""
    return await approval_reply(desk, await approval_row(desk.tx, ids["approval"]))


async def _card(
    desk: Desk, ids: Mapping[str, Any], lead: str, person: Person | None, *, only_open: bool = False
) -> Reply | None:
    row = await approval_row(desk.tx, ids["approval"])
    if person is not None and not await _is_in_reach(desk, row, person):
        return None
    if only_open:
        await hold(desk.tx, row)
    status = state_of(row).status
    if only_open and status is not Status.OPEN:
        return None
    desk.memory.about(approval=row.id)
    reply = await approval_reply(desk, row, lead=lead if status is Status.OPEN else "")
    return replace(reply, key=ids["key"])


async def _is_in_reach(desk: Desk, row: ApprovalRow, person: Person) -> bool:
    """A mail to a customer is shown to nobody who may not see that customer, whatever role decides on it."""
    scope = scope_of(person)
    if row.decision_type != SendToCustomer.decision_type or scope.everything:
        return True
    actions = [desk.gate.registry.decode(effect.body) for effect in await effects_of(desk.tx, row.id)]
    return all(isinstance(one, SendToCustomer) and one.account in scope.accounts for one in actions)


NOTICES = (
    NoticeKind("approval_requested", requested),
    NoticeKind("approval_reminder", reminder),
    NoticeKind("approval_escalated", escalated),
    NoticeKind("approval_closed", closed),
    NoticeKind("approval_shown", shown, shown_by=DECIDING),
)
