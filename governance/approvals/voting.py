"""Voting: a click or a written decision, from whoever the platform proved, on one exact approval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, ApprovalTerms
from governance.approvals.asking import close_expired, closing_entry, tell_closed
from governance.approvals.decision import (
    Answer,
    Approved,
    Denied,
    Expired,
    Status,
    Vote,
    decide,
    still_valid,
    unmet,
)
from governance.approvals.decision import withdraw as withdraw_state
from governance.approvals.store import (
    approval_chain,
    approval_row,
    ballot,
    bound_digest,
    delegations_taken_back,
    put_state,
    roles_now,
    state_of,
)
from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable
from governance.audit.log import record
from governance.authority.conditions import Condition
from governance.authority.vocabulary import Given
from governance.effects import effects_of, ruling_of
from governance.gate import Gate
from governance.people import Actor, Person
from governance.record import intervened
from governance.tables import ApprovalRow, EffectRow
from governance.withdrawal import withdraw


class TamperedApproval(Exception):
    """The stored actions are not the ones that the votes were given for. Nothing is executed."""


@dataclass(frozen=True, slots=True)
class Cast:
    """What became of a vote: the answer for the voter, and the approval as it stands now."""

    answer: Answer
    row: ApprovalRow


@dataclass(frozen=True, slots=True)
class Holds:
    """Whether an approval still holds at execution: `why` not, and whether waiting cannot help."""

    why: str | None = None
    for_good: bool = False


async def vote(
    tx: AsyncSession,
    gate: Gate,
    approval: str,
    *,
    person: Person,
    identity: str | None,
    choice: Literal["approve", "deny"],
    turn: str | None = None,
    words: str | None = None,
    conditions: tuple[Condition, ...] = (),
    notifications: tuple[str, ...] = (),
) -> Cast:
    """Cast a vote, and set the approved actions going when it was the last one needed.

    Votes on one approval wait for each other here, so one of many simultaneous clicks completes it.
    Raises NoSuchApproval, TamperedApproval.
    """
    now = gate.clock()
    row = await approval_row(tx, approval, lock=True)
    before = state_of(row)
    state, answer = decide(
        before,
        Vote(await ballot(tx, person, now), choice, now, conditions if choice == "approve" else ()),
    )
    bound = await _bound(tx, gate, row) if isinstance(answer, Approved) else []
    put_state(row, state)
    row.notifications = [*row.notifications, *(wish for wish in notifications if wish not in row.notifications)]
    actor = Actor("person", person.id, identity=identity)
    await record(tx, _vote_entry(row, actor, choice, answer, words, turn, now))
    match answer:
        case Approved():
            await _release(tx, gate, row, bound, turn)
        case Denied():
            why = f"Denied by {person.name}."
            await withdraw(tx, approval, why)
            await intervened(tx, "denied", person.id, approval, words or "", now)
            await record(tx, closing_entry(row, "approval.denied", actor, now, words))
        case Expired() if before.status is Status.OPEN:
            await close_expired(tx, row, state, now)
            return Cast(answer, row)
    if state.status is not Status.OPEN:
        await tell_closed(tx, row, turn)
    return Cast(answer, row)


async def take_back(
    tx: AsyncSession, gate: Gate, approval: str, *, person: Person, turn: str | None
) -> Answer | None:
    """The requester takes a proposal back. None when that is done, else why it is not."""
    now = gate.clock()
    row = await approval_row(tx, approval, lock=True)
    before = state_of(row)
    state, answer = withdraw_state(before, person.id, now)
    if isinstance(answer, Expired) and before.status is Status.OPEN:
        await close_expired(tx, row, state, now)
    if answer is None:
        put_state(row, state)
        await withdraw(tx, approval, f"Taken back by {person.name}.")
        await intervened(tx, "cancelled", person.id, approval, "", now)
        await record(tx, closing_entry(row, "approval.withdrawn", Actor("person", person.id), now))
        await tell_closed(tx, row, turn)
    return answer


async def approval_holds(
    tx: AsyncSession, approval: str, terms: ApprovalTerms | None, facts: Mapping[str, Given]
) -> Holds:
    """Whether the votes and their conditions hold now, with roles and facts as they are at execution.

    `terms` are those that the matrix asks for now, which may be stricter than those asked for then (money
    that was spent since); None where it asks for none any more.
    """
    state = state_of(await approval_row(tx, approval))
    if state.status is Status.SUPERSEDED:
        why = f"The approval was superseded by {state.superseded_by}, so what it asked for is not carried out."
        return Holds(why, for_good=True)
    taken_back = await delegations_taken_back(tx, state)
    if not still_valid(state, terms or state.terms, await roles_now(tx), taken_back):
        why = "The votes no longer suffice: a role or delegation was taken away since, or it takes more now."
        return Holds(why, for_good=True)
    for condition, truth in unmet(state, facts):
        if truth is False:
            return Holds(f"The condition “{condition}” failed.", for_good=True)
        return Holds(f"The condition “{condition}” cannot be told yet.")
    return Holds()


async def _bound(tx: AsyncSession, gate: Gate, row: ApprovalRow) -> list[tuple[Action, EffectRow]]:
    """What the votes were given for, exactly, locked. Raises TamperedApproval before anything is noted."""
    effects = await effects_of(tx, row.id, lock=True)
    actions = [gate.registry.decode(effect.body) for effect in effects]
    if bound_digest(action.digest() for action in actions) != row.digest:
        raise TamperedApproval(row.id)
    return list(zip(actions, effects, strict=True))


async def _release(
    tx: AsyncSession, gate: Gate, row: ApprovalRow, bound: list[tuple[Action, EffectRow]], turn: str | None
) -> None:
    """Set going what still waits: an emergency may have set part of it going, or a director overruled it."""
    for action, effect in bound:
        if effect.state != "parked":
            continue
        effect.turn = turn or effect.turn  # from here on it belongs to the turn that set it going
        chain = await approval_chain(tx, row.id, ruling_of(effect))
        await gate.queue(tx, action, effect, chain)


def _vote_entry(
    row: ApprovalRow,
    actor: Actor,
    choice: str,
    answer: Answer,
    words: str | None,
    turn: str | None,
    at: datetime,
) -> Entry:
    nothing = NotApplicable(not_applicable=Absence.GIVEN_WITH_INTENT)
    return Entry(
        kind=EntryKind.APPROVAL,
        type="approval.vote",
        actor=actor,
        at=at,
        subject=row.id,
        turn=turn,
        details={"choice": choice, "answer": type(answer).__name__, "title": row.title, "digest": row.digest},
        rationale=words or NotApplicable(not_applicable=Absence.NONE_GIVEN),
        approvals=NotApplicable(not_applicable=Absence.GIVEN_WITH_INTENT),
        impact=nothing,
        rollback_plan=nothing,
        artifacts=(f"actions:sha256:{row.digest}",),
    )
