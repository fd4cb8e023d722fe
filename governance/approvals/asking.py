"""Asking: opening an approval, telling those who may vote, reminding, escalating, expiring."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, ApprovalTerms, Ruling
from governance.approvals.decision import ApprovalState, Status, expire, supersede
from governance.approvals.escalation import Ask, asked, next_look, next_to_ask
from governance.approvals.store import approval_row, bound_digest, put_state, reach, state_of, state_to_json
from governance.approvals.working_time import deadlines
from governance.audit.effect_entries import chain_of
from governance.audit.entries import Absence, Entry, EntryKind, Measure, NotApplicable
from governance.audit.log import record
from governance.department_rows import read_department
from governance.effects import Origin, effects_of
from governance.people import Actor
from governance.record import intervened
from governance.tables import ApprovalRow
from governance.withdrawal import STOPPABLE, withdraw
from storage.jobs import defer
from storage.notices import notify

_RULING: TypeAdapter[Ruling] = TypeAdapter(Ruling)


@dataclass(frozen=True, slots=True)
class NewApproval:
    """What is asked for: these actions, exactly, on these terms. `cost` is what was established for all."""

    title: str
    decision_type: str
    actions: tuple[Action, ...]
    cost: Decimal
    ruling: Ruling
    terms: ApprovalTerms
    notifications: tuple[str, ...]
    actor: Actor
    supersedes: str | None


async def open_approval(tx: AsyncSession, new: NewApproval, origin: Origin, now: datetime) -> str:
    """Store an approval and ask the people who may give it. Returns its id."""
    department = await read_department(tx)
    approval = f"ap_{secrets.token_hex(5)}"
    state = ApprovalState(
        id=approval,
        requester=new.actor.requester,
        terms=new.terms,
        opened=now,
        deadlines=deadlines(now, new.terms.working_days, len(new.terms.then), department.calendar_of(None)),
    )
    digest = bound_digest(action.digest() for action in new.actions)
    row = ApprovalRow(
        id=approval,
        title=new.title,
        decision_type=new.decision_type,
        digest=digest,
        ruling=_RULING.dump_python(new.ruling, mode="json"),
        notifications=list(new.notifications),
        actor=TypeAdapter(Actor).dump_python(new.actor, mode="json"),
        requester=new.actor.requester,
        status=state.status.value,
        body=state_to_json(state),
        place=origin.place,
        thread=_thread(origin),
        turn=origin.turn,
        opened=now,
        supersedes=new.supersedes,
    )
    tx.add(row)
    await tx.flush()
    await record(tx, _requested(new, row, origin))
    if new.supersedes is not None:
        await _supersede(tx, new.supersedes, approval, now)
    await look(tx, approval, now)
    return approval


async def look(tx: AsyncSession, approval: str, now: datetime) -> None:
    """Do what an approval's clock asks for at `now`: ask, remind, escalate or expire, and look again later.

    Runs when it is opened, at each of its moments, and by the sweep; running twice does nothing more.
    """
    row = await approval_row(tx, approval, lock=True)
    state = state_of(row)
    ended = expire(state, now)
    if ended.status is Status.EXPIRED and state.status is Status.OPEN:
        await close_expired(tx, row, ended, now)
        return
    if state.status is not Status.OPEN:
        return
    asks = next_to_ask(state, now, await reach(tx, now))
    put_state(row, asked(state, asks, now))
    if state.opened == now:
        people = informed(row)
        ids = {"approval": approval, "key": approval}
        await notify(tx, "approval_requested", ids, place=row.place, people=people, turn=row.turn)
    else:
        await _remind(tx, row, asks, now)
    again = next_look(state, now)
    if again is not None:
        due = f"due:{approval}:{again.isoformat()}"
        await defer(
            tx, "approval_due", {"approval": approval}, lock=f"approval:{approval}", queueing_lock=due, at=again
        )


async def close_expired(tx: AsyncSession, row: ApprovalRow, ended: ApprovalState, now: datetime) -> None:
    """End an approval whose time was found to be over: by its clock, a vote or its requester."""
    put_state(row, ended)
    await withdraw(tx, row.id, "The approval expired: nobody decided in time.")
    await record(tx, closing_entry(row, "approval.expired", Actor("system", "clock"), now))
    await intervened(tx, "expired", None, row.id, "nobody decided in time", now)
    await tell_closed(tx, row)


async def _remind(tx: AsyncSession, row: ApprovalRow, asks: tuple[Ask, ...], now: datetime) -> None:
    for ask in asks:
        if ask.kind == "reminder":
            # Its key makes it a message of its own beside the card that was sent first.
            ids = {"approval": row.id, "key": f"{row.id}:{ask.person}"}
            await notify(tx, "approval_reminder", ids, people=(ask.person,))
        else:
            ids = {"approval": row.id, "key": row.id}  # their first card of it, edited like everybody's
            await notify(tx, "approval_escalated", ids, people=(ask.person,))
            reason = f"asked instead of {ask.instead_of}" if ask.instead_of else "nobody had decided"
            await intervened(tx, "escalated", ask.person, row.id, reason, now)


async def _supersede(tx: AsyncSession, old: str, new: str, now: datetime) -> None:
    row = await approval_row(tx, old, lock=True)
    state = state_of(row)
    if state.status not in (Status.OPEN, Status.APPROVED):
        return
    if await withdraw(tx, old, f"Superseded by {new}.") == 0:
        return  # approved and carried out, or under way: there is nothing left that it could take the place of
    put_state(row, supersede(state, new, now))
    await record(tx, closing_entry(row, "approval.superseded", Actor(**row.actor), now))
    await tell_closed(tx, row)


async def close_emptied(tx: AsyncSession, row: ApprovalRow, by: Actor, now: datetime, why: str) -> None:
    """End an open approval, which `tx` has locked, once nothing of what it asked for waits any more."""
    state = state_of(row)
    if state.status is not Status.OPEN:
        return
    if any(effect.state in STOPPABLE for effect in await effects_of(tx, row.id)):
        return
    put_state(row, replace(state, status=Status.WITHDRAWN, decided_by=by.id, decided=now))
    await record(tx, closing_entry(row, "approval.withdrawn", by, now, why))
    await tell_closed(tx, row)


def closing_entry(
    row: ApprovalRow, entry_type: str, actor: Actor, at: datetime, why: str | None = None
) -> Entry:
    """The record of an approval's end: decided, denied, expired, superseded or withdrawn."""
    nothing = NotApplicable(not_applicable=Absence.GIVEN_WITH_INTENT)
    return Entry(
        kind=EntryKind.APPROVAL,
        type=entry_type,
        actor=actor,
        at=at,
        subject=row.id,
        turn=row.turn,
        details={"title": row.title, "digest": row.digest, "state": row.body},
        rationale=why or NotApplicable(not_applicable=Absence.NONE_GIVEN),
        approvals=chain_of(_RULING.validate_python(row.ruling), row.id),
        impact=nothing,
        rollback_plan=nothing,
        artifacts=(f"actions:sha256:{row.digest}",),
    )


def _requested(new: NewApproval, row: ApprovalRow, origin: Origin) -> Entry:
    first = new.actions[0]
    return Entry(
        kind=EntryKind.APPROVAL,
        type="approval.requested",
        actor=new.actor,
        at=row.opened,
        subject=row.id,
        turn=origin.turn,
        details={
            "title": new.title,
            "actions": [action.body() for action in new.actions],
            "terms": TypeAdapter(ApprovalTerms).dump_python(new.terms, mode="json"),
        },
        measures={Measure.COST: new.cost},
        rationale=first.rationale,
        approvals=chain_of(new.ruling, row.id),
        impact=first.impact,
        rollback_plan=first.rollback_plan,
        artifacts=(*first.artifacts, f"actions:sha256:{row.digest}"),
    )


async def tell_closed(tx: AsyncSession, row: ApprovalRow, turn: str | None = None) -> None:
    """Let every card of an approval say how it ended, and lose its buttons, wherever it is shown."""
    ids = {"approval": row.id, "key": row.id}
    await notify(tx, "approval_closed", ids, place=row.place, people=informed(row), turn=turn)
    await notify(tx, "approval_shown", ids, turn=turn)  # after the first: they share their key


def informed(row: ApprovalRow) -> tuple[str, ...]:
    """Who has a card of their own: everybody asked; the requester sees it in the thread, where there is one."""
    asked_so_far = state_of(row).asked
    if row.place is not None:
        return tuple(sorted(asked_so_far - {row.requester}))
    return tuple(sorted(asked_so_far | ({row.requester} if row.requester else set())))


def _thread(origin: Origin) -> str | None:
    place = origin.place
    return f"{place['platform']}:{place['channel']}:{place['thread']}" if place else None
