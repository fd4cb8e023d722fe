"""An approval's life as values: votes come in one by one, and each gets an answer.

Nothing here reads a clock, a database or who somebody is: roles and delegations are re-read at every
click and handed in with the vote, and again at execution.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from governance.action import ApprovalTerms, Slot
from governance.approvals.slots import Ballot, Hat, fill, is_full
from governance.approvals.working_time import Deadlines
from governance.authority.conditions import Condition, Truth
from governance.authority.vocabulary import Given, read


class Status(StrEnum):
    """Where an approval stands. Only an open one takes votes."""

    OPEN = "open"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Vote:
    """One click: the proved voter with every hat that they have at this moment.

    `conditions` are bound to an approving vote and checked at execution ("if the load test passes").
    """

    ballot: Ballot
    choice: Literal["approve", "deny"]
    at: datetime
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class ApprovalState:
    """A request for votes on one exact thing, as far as it has come.

    `requester` is a person's id, or None where nobody asked. `votes` are the approving ones. `asked` are
    the people who were asked so far.
    `decided_by` denied, withdrew, or gave the vote that completed it;
    `superseded_by` is the approval that took its place.
    """

    id: str
    requester: str | None
    terms: ApprovalTerms
    opened: datetime
    deadlines: Deadlines
    status: Status = Status.OPEN
    votes: tuple[Vote, ...] = ()
    asked: frozenset[str] = frozenset()
    reminded: bool = False
    decided_by: str | None = None
    decided: datetime | None = None
    superseded_by: str | None = None

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition that an approving vote set, once."""
        return tuple(dict.fromkeys(condition for vote in self.votes for condition in vote.conditions))


@dataclass(frozen=True, slots=True)
class Recorded:
    """The vote counts; these slots are still empty."""

    missing: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Approved:
    """This vote completed the approval: it may be executed, by whom the one claim succeeds."""

    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Denied:
    """This vote ended it."""

    by: str


class Reason(StrEnum):
    """Why a vote does not count."""

    REQUESTER = "requester"
    FOR_THE_REQUESTER = "for_the_requester"
    NO_ROLE = "no_role"
    VOTED_BEFORE = "voted_before"


@dataclass(frozen=True, slots=True)
class Refused:
    """The vote does not count. `who_may` are the roles whose votes would."""

    reason: Reason
    who_may: frozenset[str]


@dataclass(frozen=True, slots=True)
class AlreadyDecided:
    """Somebody was faster: how it was decided, by whom and when."""

    status: Status
    by: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Expired:
    """The time is over; silence never approves."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Superseded:
    """Another proposal took its place."""

    by: str | None


Answer = Recorded | Approved | Denied | Refused | AlreadyDecided | Expired | Superseded


def decide(state: ApprovalState, vote: Vote) -> tuple[ApprovalState, Answer]:
    """The state after this vote, and what the voter is told. A refused vote leaves the state as it was."""
    state = expire(state, vote.at)
    if state.status is not Status.OPEN:
        return state, _closed(state)
    refused = _refusal(state, vote)
    if refused is not None:
        return state, refused
    voter = vote.ballot.voter
    if vote.choice == "deny":
        return replace(state, status=Status.DENIED, decided_by=voter, decided=vote.at), Denied(voter)
    state = replace(state, votes=(*state.votes, vote))
    filled = fill(state.terms.slots, _counting(state, state.terms))
    missing = tuple(slot for slot, by in zip(state.terms.slots, filled, strict=True) if by is None)
    if missing:
        return state, Recorded(missing)
    state = replace(state, status=Status.APPROVED, decided_by=voter, decided=vote.at)
    return state, Approved(tuple(by.voter for by in filled if by is not None))


def expire(state: ApprovalState, now: datetime) -> ApprovalState:
    """The state at `now`: an open approval has expired once its end is reached."""
    if state.status is Status.OPEN and now >= state.deadlines.expires:
        return replace(state, status=Status.EXPIRED)
    return state


def supersede(state: ApprovalState, by: str, at: datetime) -> ApprovalState:
    """The state when the approval `by` takes its place: its votes count for nothing any more.

    One that was approved is superseded as well; whoever asks for it knows that it was not all carried out.
    What ended without an approval stays as it ended.
    """
    if state.status not in (Status.OPEN, Status.APPROVED):
        return state
    return replace(state, status=Status.SUPERSEDED, superseded_by=by, decided=at)


def withdraw(state: ApprovalState, by: str, at: datetime) -> tuple[ApprovalState, Answer | None]:
    """Its requester takes the proposal back; None as the answer says that this is done."""
    state = expire(state, at)
    if state.status is not Status.OPEN:
        return state, _closed(state)
    if by != state.requester:
        return state, Refused(Reason.NO_ROLE, frozenset())
    return replace(state, status=Status.WITHDRAWN, decided_by=by, decided=at), None


def still_valid(
    state: ApprovalState,
    terms: ApprovalTerms,
    people: Mapping[str, frozenset[str]],
    taken_back: Collection[tuple[str, str]] = frozenset(),
) -> bool:
    """Whether the votes fill the slots of `terms`, as they are ruled at execution, with roles as they are now.

    `people` are the active people with the roles that they hold. A vote counts in the roles that its
    voter, or the one who delegated to them, held at the click and still holds; who left does not count, nor
    does a hat that was `taken_back` since: (deputy, principal).
    """
    if state.status is not Status.APPROVED:
        return False
    counting = (_without_hats(ballot, taken_back) for ballot in _counting(state, terms))
    kept = [_as_of_now(ballot, people) for ballot in counting if people.get(ballot.voter)]
    return is_full(terms.slots, kept)


def unmet(state: ApprovalState, facts: Mapping[str, Given]) -> tuple[tuple[Condition, Truth], ...]:
    """The bound conditions that do not hold: False where one failed, None where it cannot be told (yet)."""
    readings = read(facts, asked_by=frozenset())
    told = ((condition, condition.holds(readings)) for condition in state.conditions)
    return tuple((condition, truth) for condition, truth in told if truth is not True)


def _closed(state: ApprovalState) -> Answer:
    match state.status:
        case Status.EXPIRED:
            return Expired(state.deadlines.expires)
        case Status.SUPERSEDED:
            return Superseded(state.superseded_by)
        case _:
            return AlreadyDecided(state.status, state.decided_by, state.decided)


def _barred(requester: str | None, terms: ApprovalTerms) -> str | None:
    return None if terms.requester_may_vote else requester


def _counting(state: ApprovalState, terms: ApprovalTerms) -> list[Ballot]:
    return [vote.ballot.without(_barred(state.requester, terms)) for vote in state.votes]


def _without_hats(ballot: Ballot, taken_back: Collection[tuple[str, str]]) -> Ballot:
    hats = tuple(hat for hat in ballot.hats if (ballot.voter, hat.principal) not in taken_back)
    return Ballot(ballot.voter, hats)


def _as_of_now(ballot: Ballot, people: Mapping[str, frozenset[str]]) -> Ballot:
    hats = (Hat(hat.principal, hat.roles & people.get(hat.principal, frozenset())) for hat in ballot.hats)
    return Ballot(ballot.voter, tuple(hats))


def _refusal(state: ApprovalState, vote: Vote) -> Refused | None:
    slots = state.terms.slots
    who_may = frozenset(role for slot in slots for role in slot.roles)
    barred = _barred(state.requester, state.terms)
    if vote.ballot.voter == barred:
        return Refused(Reason.REQUESTER, who_may)
    if not any(vote.ballot.without(barred).fits(slot) for slot in slots):
        could = any(vote.ballot.fits(slot) for slot in slots)
        return Refused(Reason.FOR_THE_REQUESTER if could else Reason.NO_ROLE, who_may)
    if vote.choice == "approve" and any(vote.ballot.voter == cast.ballot.voter for cast in state.votes):
        return Refused(Reason.VOTED_BEFORE, who_may)
    return None
