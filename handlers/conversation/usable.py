"""Which buttons would do something for whoever reads a card: to one reader no others are shown.

Where several people read the same card, all of its buttons stay, and the press explains. What is left out here
is no lock: every press asks again whether it may.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.plans.rows import NoSuchPlan, plan_by_id
from agents.work.tables import ENDED, RunRow
from governance.actions.delegation import delegations_of
from governance.actions.windows import coming_windows
from governance.approvals.counting import decide
from governance.approvals.decision import Approved, Recorded, Status, Vote
from governance.approvals.store import NoSuchApproval, approval_row, ballot, state_of
from governance.overrides.authority import may_freeze, may_open, may_resume, may_review, may_unfreeze
from governance.overrides.halting import NothingHalted, standing_halt
from governance.overrides.rows import NoSuchOverride, freeze_of, standing_rows
from governance.overrides.sweep import emergency_to_review
from governance.people import Person, Role
from governance.permissions import Allowed, Refused, may_set_channel_digest
from governance.standing import FreezeKind, Halt, WindowMode
from handlers.catalogue import find_handlers, may_request
from handlers.conversation.amending import TAKE_BACK, UNDO
from handlers.conversation.cards import Block, Button, Buttons, Reply
from handlers.conversation.tables import ActRow
from handlers.office.subscribe.subscriptions import of_person
from handlers.worlds import request_names

Check = Callable[["Reader", Person, str], Awaitable[bool]]
"""Whether a press about this subject would work for this person."""


@dataclass(frozen=True, slots=True)
class Reader:
    """The one person who reads, None for somebody whom the department does not know, and what their press
    would meet now. `checked` keeps what was found out within `tx`."""

    tx: AsyncSession
    person: Person | None
    now: datetime
    modes: frozenset[WindowMode]
    checked: dict[tuple[Check, str], bool] = field(default_factory=dict)


def has_buttons(reply: Reply) -> bool:
    """Whether there is anything to press in it."""
    return any(isinstance(block, Buttons) for card in reply.cards for block in card.blocks)


async def usable(reply: Reply, reader: Reader) -> Reply:
    """The reply as `reader` sees it: without the buttons that could not work for them."""
    cards = []
    for card in reply.cards:
        blocks: list[Block] = []
        for block in card.blocks:
            if not isinstance(block, Buttons):
                blocks.append(block)
            elif buttons := tuple([each for each in block.buttons if await works(each, reader)]):
                blocks.append(Buttons(buttons))
        cards.append(replace(card, blocks=tuple(blocks)))
    return replace(reply, cards=tuple(cards))


async def works(button: Button, reader: Reader) -> bool:
    """Whether pressing this button would do what it says, were `reader` to press it now."""
    if button.verb == "ask":
        name, _, words = button.subject.partition(" ")
        return _may_ask(reader, name) and not (_freezes_all(name, words) and not _may_freeze_all(reader))
    if button.verb in (TAKE_BACK, UNDO):
        return await _takes_back(reader, button.subject)
    if not _may_ask(reader, _permissions().get(button.verb)) and not await _is_own(reader, button):
        return False
    check = _CHECKS.get(button.verb)
    if check is None:
        return True
    if reader.person is None:
        return False
    key = check, button.subject
    if key not in reader.checked:
        reader.checked[key] = await check(reader, reader.person, button.subject)
    return reader.checked[key]


def _may_ask(reader: Reader, name: str | None) -> bool:
    return (
        name is not None
        and name in request_names()
        and isinstance(may_request(reader.person, name, reader.modes), Allowed)
    )


def _freezes_all(name: str, words: str) -> bool:
    return name == "freeze" and "everything" in words


def _may_freeze_all(reader: Reader) -> bool:
    roles = reader.person.roles if reader.person else frozenset[Role]()
    return isinstance(may_freeze(roles, FreezeKind.EVERYTHING), Allowed)


async def _is_own(reader: Reader, button: Button) -> bool:
    handler = find_handlers().get(_permissions().get(button.verb, ""))
    owns, person = handler and handler.own.get(button.verb), reader.person
    return bool(owns and person and person.active and await owns(reader.tx, person.id, button.subject))


async def _takes_back(reader: Reader, act: str) -> bool:
    """An act that stands is taken back by whoever did it, for the request that it was part of."""
    row = (await reader.tx.execute(select(ActRow).where(ActRow.id == act))).scalar()
    if row is None or row.taken_back is not None or reader.person is None:
        return False
    return row.person == reader.person.id and _may_ask(reader, row.request)


@cache
def _permissions() -> Mapping[str, str]:
    return {verb: handler.name for handler in find_handlers().values() for verb in handler.presses}


async def _vote_counts(reader: Reader, person: Person, approval: str) -> bool:
    try:
        state = state_of(await approval_row(reader.tx, approval))
    except NoSuchApproval:
        return False
    if state.status is not Status.OPEN:
        return False
    cast = await ballot(reader.tx, person, reader.now)
    # As if it were just opened: one whose time is over loses its buttons when its clock closes it.
    return isinstance(decide(state, Vote(cast, "approve", state.opened))[1], Recorded | Approved)


async def _is_open(reader: Reader, _person: Person, approval: str) -> bool:
    try:
        return (await approval_row(reader.tx, approval)).status == Status.OPEN.value
    except NoSuchApproval:
        return False


async def _ends_proposal(reader: Reader, person: Person, approval: str) -> bool:
    """Cancel takes one's own proposal back, and denies another's."""
    if not await _is_open(reader, person, approval):
        return False
    is_own = (await approval_row(reader.tx, approval)).requester == person.id
    return is_own or await _vote_counts(reader, person, approval)


async def _resumes(reader: Reader, person: Person, _halt: str) -> bool:
    try:
        row = await standing_halt(reader.tx)
    except NothingHalted:
        return False
    return isinstance(may_resume(person.roles, person.id, Halt(row.made_by, row.reason, row.made)), Allowed)


async def _lifts(reader: Reader, person: Person, freeze: str) -> bool:
    standing = [row for row in await standing_rows(reader.tx, "freeze") if row.id == freeze]
    return any(isinstance(may_unfreeze(person.roles, freeze_of(row)), Allowed) for row in standing)


async def _closes(reader: Reader, person: Person, window: str) -> bool:
    coming = [row for row in await coming_windows(reader.tx, reader.now) if row.id == window]
    return any(isinstance(may_open(person.roles, WindowMode(row.mode)), Allowed) for row in coming)


async def _reviews(reader: Reader, person: Person, emergency: str) -> bool:
    try:
        row = await emergency_to_review(reader.tx, emergency)
    except NoSuchOverride:
        return False
    may = may_review(person.roles, person.id, row.made_by)
    return row.reviewed_by is None and isinstance(may, Allowed)


async def _ends_delegation(reader: Reader, person: Person, delegation: str) -> bool:
    return delegation in {row.id for row in await delegations_of(reader.tx, person.id, reader.now)}


async def _is_subscribed(reader: Reader, person: Person, subscriptions: str) -> bool:
    rows = await of_person(reader.tx, person.id, subscriptions.split(","))
    return any(row.ended is None for row in rows)


async def _was_subscribed(reader: Reader, person: Person, subscriptions: str) -> bool:
    rows = await of_person(reader.tx, person.id, subscriptions.split(","))
    return any(row.ended is not None for row in rows)


async def _sets_own(_reader: Reader, person: Person, owner: str) -> bool:
    return owner == person.id


async def _sets_channel(_reader: Reader, person: Person, _recipient: str) -> bool:
    return isinstance(may_set_channel_digest(person), Allowed)


async def _proposes_rows(_reader: Reader, person: Person, _row: str) -> bool:
    return person.holds(Role.ENGINEERING_DIRECTOR, Role.COMPLIANCE_OFFICER)


def _plan_in(*states: str) -> Check:
    async def check(reader: Reader, person: Person, plan: str) -> bool:
        may = may_request(person, "plan", reader.modes)
        if isinstance(may, Refused) or not may.acts:
            return False
        try:
            return (await plan_by_id(reader.tx, plan)).state in states
        except NoSuchPlan:
            return False

    return check


async def _goes_on(reader: Reader, _person: Person, run: str) -> bool:
    going = select(RunRow.id).where(RunRow.id == run, RunRow.state.not_in(ENDED))
    return (await reader.tx.execute(going)).scalar() is not None


_cancels_plan = _plan_in("drafting", "asking", "proposed", "executing", "paused", "created")


async def _plan_asking(reader: Reader, _person: Person, subject: str) -> bool:
    try:
        return (await plan_by_id(reader.tx, subject.partition(" ")[0])).state == "asking"
    except NoSuchPlan:
        return False


_CHECKS: Mapping[str, Check] = {
    "approve": _vote_counts,
    "deny": _vote_counts,
    "modify": _is_open,
    "cancel": _ends_proposal,
    "emergency_approval": _is_open,
    "resume_agents": _resumes,
    "lift_freeze": _lifts,
    "close_window": _closes,
    "review_emergency": _reviews,
    "end_delegation": _ends_delegation,
    "end_subscription": _is_subscribed,
    "resume_subscription": _was_subscribed,
    "digest_settings": _sets_own,
    "channel_digest_off": _sets_channel,
    "change_row": _proposes_rows,
    "try_row": _proposes_rows,
    "propose_row": _proposes_rows,
    "stop_load_test": _goes_on,
    "pause_plan": _plan_in("executing", "created"),
    "resume_plan": _plan_in("paused"),
    "plan_product": _plan_asking,
    "cancel_plan": _cancels_plan,
    "cancel_plan_now": _cancels_plan,
}
"""For the verbs whose press needs more than the permission that its handler asks for."""
