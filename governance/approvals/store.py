"""Approvals as rows: their state as it was stored, who could vote, and what is bound."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Ruling
from governance.approvals.decision import ApprovalState, Status
from governance.approvals.escalation import Reach
from governance.approvals.slots import Ballot, Hat, fill
from governance.audit.effect_entries import chain_of
from governance.audit.entries import ApprovalChain, VoteCast
from governance.department_rows import read_department
from governance.directory import deputies, people
from governance.people import Person
from governance.tables import ApprovalRow, DelegationRow, EffectRow
from storage.database import locked

_STATE: TypeAdapter[ApprovalState] = TypeAdapter(ApprovalState)


class NoSuchApproval(LookupError):
    """No approval has this id."""


async def approval_row(tx: AsyncSession, approval: str, *, lock: bool = False) -> ApprovalRow:
    """An approval's row, locked until `tx` ends if asked. Raises NoSuchApproval."""
    query = select(ApprovalRow).where(ApprovalRow.id == approval)
    row = (await tx.execute(locked(query) if lock else query)).scalar()
    if row is None:
        raise NoSuchApproval(approval)
    return row


async def hold(tx: AsyncSession, row: ApprovalRow) -> None:
    """Let nobody decide until `tx` ends: whoever does then finds the card of it that `tx` stores."""
    await tx.refresh(row, with_for_update={"read": True})


def state_of(row: ApprovalRow) -> ApprovalState:
    """The approval's state that a row holds."""
    return _STATE.validate_python(row.body)


def put_state(row: ApprovalRow, state: ApprovalState) -> None:
    """Store a state in its row."""
    row.body = _STATE.dump_python(state, mode="json")
    row.status = state.status.value
    row.decided = state.decided


def state_to_json(state: ApprovalState) -> dict[str, Any]:
    """A state as JSON values."""
    dumped: dict[str, Any] = _STATE.dump_python(state, mode="json")
    return dumped


async def open_approvals(tx: AsyncSession) -> list[tuple[ApprovalRow, ApprovalState]]:
    """Everything that waits for votes: what mends a vulnerability (an action's `advisory`) first,
    then the oldest first."""
    patches = exists().where(
        EffectRow.tenant == ApprovalRow.tenant,
        EffectRow.approval == ApprovalRow.id,
        EffectRow.body["advisory"].astext.is_not(None),
    )
    query = (
        select(ApprovalRow)
        .where(ApprovalRow.status == Status.OPEN.value)
        .order_by(patches.desc(), ApprovalRow.opened, ApprovalRow.number)
    )
    return [(row, state_of(row)) for row in (await tx.execute(query)).scalars()]


async def ballot(tx: AsyncSession, person: Person, moment: datetime) -> Ballot:
    """A person with every hat that they have at `moment`: their own roles, and those delegated to them."""
    everybody = {known.id: known for known in await people(tx)}
    delegated = (await deputies(tx, moment)).get(person.id, frozenset())
    own = everybody[person.id]
    hats = [Hat(own.id, _roles(own))]
    hats += [Hat(principal, _roles(everybody[principal])) for principal in sorted(delegated)]
    return Ballot(person.id, tuple(hats))


async def reach(tx: AsyncSession, moment: datetime) -> Reach:
    """Who holds which role, who is away, and who decides for them, at `moment`."""
    department = await read_department(tx)
    everybody = [person for person in await people(tx) if person.active]
    holders: dict[str, tuple[str, ...]] = {}
    for person in everybody:
        for role in sorted(person.roles):
            holders[role] = (*holders.get(role, ()), person.id)
    standing_in = {
        principal: deputy
        for deputy, principals in (await deputies(tx, moment)).items()
        for principal in principals
    }
    named = {entry.id: entry.deputy for entry in department.people if entry.deputy is not None}
    return Reach(holders, department.absent_at(moment), named | standing_in)


async def delegations_taken_back(tx: AsyncSession, state: ApprovalState) -> frozenset[tuple[str, str]]:
    """(deputy, principal) of votes that were cast under a delegation which was ended before its time since.

    One that ran its course was good for the votes cast in it.
    """
    voters = [vote.ballot.voter for vote in state.votes]
    rows = (await tx.execute(select(DelegationRow).where(DelegationRow.to_person.in_(voters)))).scalars().all()
    cast = {vote.ballot.voter: vote.at for vote in state.votes}
    covering = [row for row in rows if row.starts <= cast[row.to_person] < row.ends]
    stands = {(row.to_person, row.from_person) for row in covering if row.ended is None}
    return frozenset((row.to_person, row.from_person) for row in covering) - stands


async def roles_now(tx: AsyncSession) -> Mapping[str, frozenset[str]]:
    """The active people with the roles that they hold now."""
    return {person.id: _roles(person) for person in await people(tx) if person.active}


async def approval_chain(tx: AsyncSession, approval: str, ruling: Ruling) -> ApprovalChain:
    """The chain for the record: the ruling that asked for votes, and the votes."""
    state = state_of(await approval_row(tx, approval))
    filled = fill(state.terms.slots, state.cast("counts"))
    role_of = {
        by.voter: sorted(slot.roles & _worn(state, by.voter, by.principal))[0]
        for slot, by in zip(state.terms.slots, filled, strict=True)
        if by is not None
    }
    votes = [
        VoteCast(
            person=vote.ballot.voter,
            role=role_of.get(vote.ballot.voter, "other"),
            verdict=vote.choice,
            at=vote.at,
        )
        for vote in state.votes
        if vote.stands == "counts"
    ]
    return chain_of(ruling, approval, votes)


def bound_digest(digests: Iterable[str]) -> str:
    """What an approval binds: SHA-256 (hex) over its actions' digests in order."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _roles(person: Person) -> frozenset[str]:
    return frozenset(role.value for role in person.roles) if person.active else frozenset()


def _worn(state: ApprovalState, voter: str, principal: str) -> frozenset[str]:
    hats = (hat for vote in state.votes if vote.ballot.voter == voter for hat in vote.ballot.hats)
    return next((hat.roles for hat in hats if hat.principal == principal), frozenset())
