"""Who is asked for a vote, and when: first some, a reminder, then the next role, never the requester."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from governance.approvals.counting import is_covered
from governance.approvals.decision import ApprovalState, Status
from governance.approvals.slots import Ballot, Hat, is_full


@dataclass(frozen=True, slots=True)
class Reach:
    """Who can be asked: holders by role, who of them is away now, and who decides for whom now."""

    holders: Mapping[str, tuple[str, ...]]
    absent: frozenset[str] = frozenset()
    deputies: Mapping[str, str] = field(default_factory=dict)

    def hat(self, principal: str) -> Hat:
        """All roles that somebody holds."""
        return Hat(principal, frozenset(role for role, people in self.holders.items() if principal in people))


@dataclass(frozen=True, slots=True)
class Ask:
    """One person to be asked or reminded; `instead_of` is the absent holder for whom they decide."""

    person: str
    kind: Literal["vote", "reminder"]
    instead_of: str | None = None


def next_to_ask(state: ApprovalState, now: datetime, reach: Reach) -> tuple[Ask, ...]:
    """Everybody who is to be asked or reminded by `now` and was not yet; nobody once it is closed or over, or
    while enough people approved it on a condition.

    The next role is asked when its moment has come, or at once where those asked before it could not
    fill the slots: its holder is away, or is the requester.
    """
    if state.status is not Status.OPEN or now >= state.deadlines.expires or is_covered(state):
        return ()
    voted = {vote.ballot.voter for vote in state.votes}
    due = dict.fromkeys(ask for ask in _due(state, now, reach) if ask.person not in state.asked | voted)
    first_by_person = {ask.person: ask for ask in reversed(due)}
    reminded: list[Ask] = []
    if now >= state.deadlines.remind and not state.reminded:
        reminded = [Ask(person, "reminder") for person in sorted(state.asked - voted - reach.absent)]
    return (*reminded, *reversed(first_by_person.values()))


def asked(state: ApprovalState, asks: tuple[Ask, ...], now: datetime) -> ApprovalState:
    """The state once these were sent at `now`."""
    return replace(
        state,
        asked=state.asked | {ask.person for ask in asks},
        reminded=state.reminded or now >= state.deadlines.remind,
    )


def next_look(state: ApprovalState, now: datetime) -> datetime | None:
    """When time alone changes something next: the reminder, a next role, the end; None once it is closed."""
    if state.status is not Status.OPEN:
        return None
    moments = (state.deadlines.remind, *state.deadlines.ask_next, state.deadlines.expires)
    return next((moment for moment in moments if moment > now), None)


def _due(state: ApprovalState, now: datetime, reach: Reach) -> Iterator[Ask]:
    voters = {role for slot in state.terms.slots for role in slot.roles}
    rounds = [sorted(voters - set(state.terms.then)), *([role] for role in state.terms.then)]
    moments = (state.opened, *state.deadlines.ask_next)
    could: list[Ballot] = state.cast("counts")
    for number, (roles, moment) in enumerate(zip(rounds, moments, strict=True)):
        if number > 0 and now < moment and is_full(state.terms.slots, could):
            return
        for ask in _round(state, roles, reach, escalated=number > 0):
            could.append(_ballot(ask, reach))
            yield ask


def _round(state: ApprovalState, roles: list[str], reach: Reach, *, escalated: bool) -> Iterator[Ask]:
    requester_too = state.terms.requester_may_vote and not escalated
    for holder in dict.fromkeys(person for role in roles for person in reach.holders.get(role, ())):
        if holder == state.requester and not requester_too:
            continue
        if holder not in reach.absent:
            yield Ask(holder, "vote")
            continue
        deputy = reach.deputies.get(holder)
        if deputy is not None and deputy not in reach.absent and (deputy != state.requester or requester_too):
            yield Ask(deputy, "vote", instead_of=holder)


def _ballot(ask: Ask, reach: Reach) -> Ballot:
    own = reach.hat(ask.person)
    return Ballot(ask.person, (own,) if ask.instead_of is None else (own, reach.hat(ask.instead_of)))
