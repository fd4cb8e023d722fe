"""What waits for people's votes, and what was decided lately."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from bot.console.dashboard.wording import card_address, name_of
from bot.console.visit import Visit
from governance.approvals.decision import ApprovalState, Status
from governance.approvals.slots import fill
from governance.approvals.store import state_of
from governance.people import Role
from governance.tables import ApprovalRow, EffectRow
from governance.visibility import scope_of

_LATELY = 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """An approval as the page shows it. `missing` are the roles of each vote that is still needed."""

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
    actions: tuple[tuple[str, int], ...]
    address: str | None
    is_mine: bool


@dataclass(frozen=True, slots=True)
class Approvals:
    """`hidden` counts open approvals that are none of the reader's business."""

    mine: tuple[Waiting, ...]
    others: tuple[Waiting, ...]
    decided: tuple[Waiting, ...]
    hidden: int


async def read_approvals(visiting: Visit) -> Approvals:
    """What the reader may see: customer success only what they asked for or are asked."""
    query = select(ApprovalRow).order_by(ApprovalRow.opened)
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
    return tuple(_waiting(visiting, row, state_of(row), actions.get(row.id, Counter())) for row in rows)


def _waiting(visiting: Visit, row: ApprovalRow, state: ApprovalState, actions: Counter[str]) -> Waiting:
    residents = visiting.residents
    person = visiting.reader.person
    voted = {vote.ballot.voter for vote in state.votes}
    slots = state.terms.slots
    filled = fill(slots, [vote.ballot for vote in state.votes])
    missing = (slot.roles for slot, by in zip(slots, filled, strict=True) if by is None)
    return Waiting(
        id=row.id,
        title=row.title,
        decision_type=row.decision_type,
        requester=name_of(residents, row.requester),
        status=row.status,
        opened=row.opened,
        expires=state.deadlines.expires,
        decided=row.decided,
        decided_by=state.decided_by and name_of(residents, state.decided_by),
        asked=tuple(name_of(residents, asked) for asked in sorted(state.asked - voted)),
        approved_by=tuple(name_of(residents, voter) for voter in sorted(voted)),
        missing=tuple(" or ".join(Role(role).label for role in sorted(roles)) for roles in missing),
        actions=tuple(actions.most_common()),
        address=card_address(row.place, residents, person),
        is_mine=person.id in state.asked - voted,
    )


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
