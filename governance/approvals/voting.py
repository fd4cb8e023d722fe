"""Voting: a click or a written decision, from whoever the platform proved, on one exact approval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from governance.action import Action, ApprovalTerms
from governance.approvals.asking import close_expired, closing_entry, look, tell_closed
from governance.approvals.counting import Facts, decide, recount, still_valid, told, weigh
from governance.approvals.decision import Answer, ApprovalState, Conditional, Denied, Expired, Status, Vote
from governance.approvals.decision import withdraw as withdraw_state
from governance.approvals.grounds import of_the_approval, of_the_moment, speech
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
from governance.authority.condition_words import in_words
from governance.authority.conditions import Term, to_canonical_json
from governance.authority.vocabulary import Given, read_for_votes
from governance.effects import effects_of, queue_effect, ruling_of
from governance.gate import Gate
from governance.people import Actor, Person
from governance.record import intervened
from governance.tables import ApprovalRow, EffectRow
from governance.withdrawal import STOPPABLE, withdraw


class TamperedApproval(Exception):
    """The stored actions are not the ones that the votes were given for. Nothing is executed."""


@dataclass(frozen=True, slots=True)
class Cast:
    """What became of a vote: the answer for the voter, the approval as it stands now, and by what the
    conditions that the voter set were looked at."""

    answer: Answer
    row: ApprovalRow
    conditions: tuple[Term, ...] = ()
    facts: Facts = ()


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
    reason: str | None = None,
    conditions: tuple[Term, ...] = (),
    notifications: tuple[str, ...] = (),
) -> Cast:
    """Cast a vote, and set the approved actions going when it was the last one needed.

    `words` go on record as they were said; `reason` is why something is denied, for whoever asked for it.
    Votes on one approval wait for each other here, so one of many simultaneous clicks completes it.
    Raises NoSuchApproval, TamperedApproval.
    """
    now = gate.clock()
    row = await approval_row(tx, approval, lock=True)
    before = state_of(row)
    cast = Vote(await ballot(tx, person, now), choice, now, conditions if choice == "approve" else ())
    facts = await of_the_approval(tx, gate, row, (*before.conditions, *cast.conditions))
    held = await _is_held(tx, row)
    state, answer = decide(before, cast, facts, held=held, reason=reason)
    completes = state.status is Status.APPROVED and (before.status is Status.OPEN or held)
    bound = await _bound(tx, gate, row) if completes else []
    if isinstance(answer, Conditional):
        state = replace(state, asked=state.asked | (state.named - {row.requester, person.id}))
    put_state(row, state)
    row.notifications = [*row.notifications, *(wish for wish in notifications if wish not in row.notifications)]
    actor = Actor("person", person.id, identity=identity)
    await record(tx, _vote_entry(row, actor, cast, answer, words, turn, now))
    match answer:
        case Denied():
            why = f"Denied by {person.name}: {reason}" if reason else f"Denied by {person.name}."
            await withdraw(tx, approval, why)
            await intervened(tx, "denied", person.id, approval, reason or words or "", now)
            await record(tx, closing_entry(row, "approval.denied", actor, now, words))
        case Expired() if before.status is Status.OPEN:
            await close_expired(tx, row, state, now)
            return Cast(answer, row)
    if completes:
        await _release(tx, gate, row, bound, turn)
    if state.status is not Status.OPEN:
        await tell_closed(tx, row, turn)
    return Cast(answer, row, cast.conditions, facts)


async def look_again(tx: AsyncSession, gate: Gate, approval: str) -> None:
    """What an approval's clock asks for now: its conditions are looked at, and those who wait are asked."""
    row = await approval_row(tx, approval, lock=True)
    before = state_of(row)
    now = gate.clock()
    if before.status is Status.OPEN and before.conditions and now < before.deadlines.expires:
        facts = await of_the_approval(tx, gate, row, before.conditions)
        state, by = recount(before, facts, now)
        bound = await _bound(tx, gate, row) if by is not None else []
        put_state(row, state)
        if by is not None:
            why = "What the votes waited for holds now."
            await record(tx, closing_entry(row, "approval.conditions_met", Actor("system", "clock"), now, why))
            await _release(tx, gate, row, bound, None)
            await tell_closed(tx, row)
    await look(tx, approval, now)


async def take_back(
    tx: AsyncSession, gate: Gate, approval: str, *, person: Person, turn: str | None
) -> Answer | None:
    """The requester takes a proposal back. None when that is done, else why it is not."""
    now = gate.clock()
    row = await approval_row(tx, approval, lock=True)
    before = state_of(row)
    state, answer = withdraw_state(before, person.id, now, held=await _is_held(tx, row))
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
    tx: AsyncSession, approval: str, terms: ApprovalTerms | None, facts: Mapping[str, Given], moment: datetime
) -> Holds:
    """Whether the votes and their conditions hold at `moment`, with roles and facts as they are at execution.

    `terms` are those that the matrix asks for now, which may be stricter than those asked for then (money
    that was spent since); None where it asks for none any more.
    """
    state = state_of(await approval_row(tx, approval))
    if state.status is Status.SUPERSEDED:
        why = f"The approval was superseded by {state.superseded_by}, so what it asked for is not carried out."
        return Holds(why, for_good=True)
    known: Facts = ()
    if state.conditions:
        cost = sum((effect.cost for effect in await effects_of(tx, approval)), Decimal(0))
        of_now = await of_the_moment(tx, state.conditions, moment)
        known = ({**read_for_votes({**facts, "cost": cost}), **of_now},)
        state = weigh(state, known)
    taken_back, people = await delegations_taken_back(tx, state), await roles_now(tx)
    valid = partial(still_valid, state, terms or state.terms, people, taken_back)
    if valid():
        return Holds()
    if not valid(stands=("counts", "waits", "void")):
        why = "The votes no longer suffice: a role or delegation was taken away since, or it takes more now."
        return Holds(why, for_good=True)
    for_good = not valid(stands=("counts", "waits"))
    return Holds(await _unmet(tx, state, known, for_good=for_good), for_good)


async def _unmet(tx: AsyncSession, state: ApprovalState, facts: Facts, *, for_good: bool) -> str:
    """Which conditions do not hold, in words."""
    said = await speech(tx)
    unmet = [term for term in state.conditions if told((term,), facts).now is not True] or state.conditions
    which = " and ".join(f"“{in_words(term, said)}”" for term in unmet)
    if for_good:
        return f"It was approved on a condition that failed: {which}."
    return f"It was approved on a condition that does not hold now: {which}."


async def _is_held(tx: AsyncSession, row: ApprovalRow) -> bool:
    """Whether it was approved and nothing of it was begun, for something holds it back. The effects are locked:
    whoever claims one waits."""
    if row.status != Status.APPROVED.value:
        return False
    effects = await effects_of(tx, row.id, lock=True)
    return any(effect.state == "held" for effect in effects) and all(
        effect.state in STOPPABLE for effect in effects
    )


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
        if effect.state == "held":
            effect.state = "ready"
            await queue_effect(tx, effect)
        if effect.state != "parked":
            continue
        effect.turn = turn or effect.turn  # from here on it belongs to the turn that set it going
        chain = await approval_chain(tx, row.id, ruling_of(effect))
        await gate.queue(tx, action, effect, chain)


def _vote_entry(
    row: ApprovalRow,
    actor: Actor,
    cast: Vote,
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
        details={
            "choice": cast.choice,
            "answer": type(answer).__name__,
            "title": row.title,
            "digest": row.digest,
            "conditions": [to_canonical_json(term) for term in cast.conditions],
        },
        rationale=words or NotApplicable(not_applicable=Absence.NONE_GIVEN),
        approvals=NotApplicable(not_applicable=Absence.GIVEN_WITH_INTENT),
        impact=nothing,
        rollback_plan=nothing,
        artifacts=(f"actions:sha256:{row.digest}",),
    )
