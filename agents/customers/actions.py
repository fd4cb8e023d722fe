"""Putting on record what a customer needs: the one change here that words can order. What follows from it are
effects of their own, ruled on one by one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from agents.customers import request_run
from agents.customers.rows import NoSuchRequest, request_by_id
from governance.action import Action, Grant, Outcome, OutcomeState, Subject
from governance.authority.vocabulary import Given
from governance.directory import NoSuchPerson, person_by_id
from governance.effects import effect_for_update
from governance.people import Actor, Role
from governance.registry import ActionSpec, EffectFailed, free
from integrations.tracker import Priority, StoryDraft
from integrations.tracker.lines import Id, Line, Text
from integrations.tracker.starting import StartStep


class RecordRequest(Action):
    """Put a customer's request on record: its story, unless there is one, and what starts it.

    `story` is made where it is not None; `start` are the stories that are there already. A new story gets
    `priority` and goes into `sprint` when it is started. `case` is why, for whoever decides on the start.
    """

    type = "customer.record_request"
    decision_type = "customer_request"

    request: Id
    account: Id
    customer: Line
    what: Line
    needed_by: date | None
    story: StoryDraft | None
    start: Annotated[tuple[StartStep, ...], Field(max_length=499)]
    priority: Priority
    sprint: Id | Annotated[str, Field(max_length=0)]
    case: Text

    def summary(self) -> str:
        return f"Put on record that {self.customer} needs {self.what}"


def specs() -> tuple[ActionSpec, ...]:
    """How the gate performs it."""
    return (
        ActionSpec(
            RecordRequest,
            _subject,
            change=_record,
            establish=_establish,
            establishes=("speaks_for_customer",),
            costs=free,
        ),
    )


def _subject(action: RecordRequest) -> Subject:
    return Subject(process="customers", decides=f"{action.request} recorded")


async def _establish(action: RecordRequest, actor: Actor, tx: AsyncSession) -> Mapping[str, Given]:
    try:
        person = await person_by_id(tx, actor.requester or "")
    except NoSuchPerson:
        return {"speaks_for_customer": False}
    speaks = person.holds(Role.CUSTOMER_SUCCESS) and action.account in person.accounts
    return {"speaks_for_customer": speaks or person.holds(Role.PRODUCT_OWNER)}


async def _record(action: RecordRequest, grant: Grant, tx: AsyncSession) -> Outcome:
    try:
        row = await request_by_id(tx, action.request, lock=True)
    except NoSuchRequest:
        raise EffectFailed("This request is not there any more.") from None
    if row.state not in ("proposed", "deferred"):
        raise EffectFailed(f"It is {row.state} already.")
    if (row.what, row.needed_by) != (action.what, action.needed_by):
        raise EffectFailed("The request has changed since it was shown. Look at it again.")
    effect = await effect_for_update(tx, grant.effect)
    row.state, row.until = "approved", None
    await request_run.begin(
        tx,
        row,
        request_run.Beginning(
            action.customer, action.story, action.start, action.priority, action.sprint, action.case
        ),
        requester=effect.requester or row.asked_by,
        place=effect.place or row.place,
        turn=effect.turn,
    )
    return Outcome(OutcomeState.DONE, f"On record: {action.customer} needs {action.what}.", row.id)
