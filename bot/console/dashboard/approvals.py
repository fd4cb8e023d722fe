"""What waits for people's votes, and what was decided lately."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aiohttp import web
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import outbox
from bot.console.dashboard.wording import card_address, name_of, own_card_address
from bot.console.reading import reader_of
from bot.console.visit import Visit, Visitor
from bot.inbox import store_click
from bot.platforms.adapter import Adapter, PlatformAway
from bot.tables import ButtonRow, OutboxRow
from governance.approvals.decision import Status
from governance.approvals.slots import fill
from governance.approvals.store import state_of
from governance.places import Place
from governance.tables import ApprovalRow, EffectRow
from governance.visibility import scope_of
from handlers.conversation.approval_card import decision_buttons
from handlers.conversation.usable import Reader, works
from handlers.conversation.wording import role_labels
from handlers.office.audit_log.entry_words import WORDS
from storage.database import Database

ADAPTERS: web.AppKey[Callable[[], Mapping[str, Adapter]]] = web.AppKey("adapters")
"""The chat platforms, by name. Where they are not given, nothing is decided in the dashboard."""


class CannotDecide(Exception):
    """A decision that is not taken here. The text says why, and what to do."""


async def can_decide(reader: Reader, approval: str) -> bool:
    """Whether this reader's vote on an approval would count now."""
    approve, _ = decision_buttons(approval)
    return await works(approve, reader)


async def fresh_thread(
    database: Database, tenant: str, adapters: Mapping[str, Adapter], visitor: Visitor
) -> Place:
    """A new thread with the visitor on the platform that they come from. Holds no transaction.

    Raises CannotDecide.
    """
    adapter = adapters[visitor.identity.partition(":")[0]]
    try:
        async with database.statements(tenant) as session:
            fresh = await adapter.direct(session, visitor.person)
    except PlatformAway as away:
        raise CannotDecide(f"{away} Nothing was decided; try again in a minute.") from away
    if fresh is None:
        raise CannotDecide("There is no direct conversation with you yet. Write to Countersign in chat first.")
    return fresh


async def decide_here(
    visiting: Visit,
    fresh: Place,
    approval: str,
    choice: Literal["approve", "deny"],
    *,
    reason: str,
    key: str,
) -> Place:
    """Store the press and queue its turn; a repeated `key` does nothing. Returns where it is answered: on the
    visitor's own card, or in the `fresh` thread with them.

    Raises CannotDecide.
    """
    if not await can_decide(await reader_of(visiting), approval):
        raise CannotDecide("It is decided already, or your vote does not count. Load the page again.")
    token = await _token(visiting.tx, approval, choice)
    if token is None:
        raise CannotDecide("Its card is being posted. Try again in a moment.")
    place = await outbox.place_of(visiting.tx, approval, fresh) or fresh
    await store_click(
        visiting.tx,
        platform=place.platform,
        key=key,
        identity=visiting.reader.identity,
        place=place,
        token=token,
        values={"reason": reason} if choice == "deny" and reason else {},
    )
    return place


async def _token(tx: AsyncSession, approval: str, choice: str) -> str | None:
    """The newest button with this meaning, wherever it was posted: it means the same in each place."""
    meant = select(ButtonRow.token).where(ButtonRow.subject == approval, ButtonRow.verb == choice)
    newest = meant.join(OutboxRow, OutboxRow.id == ButtonRow.outbox).order_by(OutboxRow.number.desc()).limit(1)
    return (await tx.execute(newest)).scalar()


_LATELY = 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """An approval as the page shows it. `missing` are the roles of each vote that is still needed, `actions`
    what would be done, in words. `address` is the reader's card of it; `can_decide` says that their vote
    would count."""

    id: str
    title: str
    decision_type: str
    requester: str
    status: str
    opened: datetime
    expires: datetime
    decided: datetime | None
    decided_by: str | None
    asked: tuple[str, ...]
    approved_by: tuple[str, ...]
    missing: tuple[str, ...]
    actions: str
    address: str | None
    is_mine: bool
    can_decide: bool


@dataclass(frozen=True, slots=True)
class Approvals:
    """`hidden` counts open approvals that are none of the reader's business."""

    mine: tuple[Waiting, ...]
    others: tuple[Waiting, ...]
    decided: tuple[Waiting, ...]
    hidden: int


async def read_approvals(visiting: Visit) -> Approvals:
    """What the reader may see: customer success only what they asked for or are asked."""
    query = select(ApprovalRow).order_by(ApprovalRow.opened, ApprovalRow.number)
    is_open = ApprovalRow.status == Status.OPEN.value
    waiting = await _shown(visiting, (await visiting.tx.execute(query.where(is_open))).scalars().all())
    past = select(ApprovalRow).where(~is_open).order_by(ApprovalRow.opened.desc()).limit(_LATELY)
    decided = await _shown(visiting, (await visiting.tx.execute(past)).scalars().all())
    seen = [item for item in waiting if _is_visible(visiting, item)]
    return Approvals(
        mine=tuple(item for item in seen if item.is_mine),
        others=tuple(item for item in seen if not item.is_mine),
        decided=tuple(item for item in decided if _is_visible(visiting, item)),
        hidden=len(waiting) - len(seen),
    )


def _is_visible(visiting: Visit, item: Waiting) -> bool:
    person = visiting.reader.person
    is_theirs = item.is_mine or item.requester == person.name
    return is_theirs or scope_of(person).everything


async def _shown(visiting: Visit, rows: Sequence[ApprovalRow]) -> tuple[Waiting, ...]:
    actions = await _actions(visiting, [row.id for row in rows])
    reader = await reader_of(visiting)
    return tuple([await _waiting(visiting, row, actions.get(row.id, Counter()), reader) for row in rows])


async def _waiting(visiting: Visit, row: ApprovalRow, actions: Counter[str], reader: Reader) -> Waiting:
    residents = visiting.residents
    person = visiting.reader.person
    state = state_of(row)
    voted = {vote.ballot.voter for vote in state.votes}
    slots = state.terms.slots
    filled = fill(slots, [vote.ballot for vote in state.votes])
    missing = (slot.roles for slot, by in zip(slots, filled, strict=True) if by is None)
    return Waiting(
        id=row.id,
        title=row.title,
        decision_type=_in_words(row.decision_type),
        requester=name_of(residents, row.requester),
        status=row.status,
        opened=row.opened,
        expires=state.deadlines.expires,
        decided=row.decided,
        decided_by=state.decided_by and name_of(residents, state.decided_by),
        asked=tuple(name_of(residents, asked) for asked in sorted(state.asked - voted)),
        approved_by=tuple(name_of(residents, voter) for voter in sorted(voted)),
        missing=tuple(role_labels(roles) for roles in missing),
        actions=_said(actions),
        address=card_address(row.place, residents, person) or await own_card_address(visiting, row.id),
        is_mine=person.id in state.asked - voted,
        can_decide=await can_decide(reader, row.id),
    )


def _in_words(name: str) -> str:
    return name.rpartition(".")[2].replace("_", " ").capitalize()


def _said(actions: Counter[str]) -> str:
    words = [(WORDS.get(name, _in_words(name)), count) for name, count in actions.most_common()]
    return "; ".join(what if count == 1 else f"{what} ({count} of them)" for what, count in words)


async def _actions(visiting: Visit, approvals: Sequence[str]) -> dict[str, Counter[str]]:
    query = (
        select(EffectRow.approval, EffectRow.action_type, func.count())
        .where(EffectRow.approval.in_(approvals))
        .group_by(EffectRow.approval, EffectRow.action_type)
    )
    found: dict[str, Counter[str]] = {}
    for approval, action_type, count in await visiting.tx.execute(query):
        if approval is not None:
            found.setdefault(approval, Counter())[action_type] = count
    return found
