"""An approval's life as values: votes come in one by one, and each gets an answer.

Nothing here reads a clock, a database or who somebody is: roles and delegations are re-read at every
click and handed in with the vote, and again at execution.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from governance.action import ApprovalTerms, Slot
from governance.approvals.slots import Ballot
from governance.approvals.working_time import Deadlines
from governance.authority.conditions import Term, comparisons

Stands = Literal["counts", "waits", "void"]
"""What a vote is worth by its conditions: they hold, they may come to hold, they never will."""


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

    An approving vote counts while its `conditions` hold ("if the load test passes"): `stands` is what was
    found when they were last looked at.
    """

    ballot: Ballot
    choice: Literal["approve", "deny"]
    at: datetime
    conditions: tuple[Term, ...] = ()
    stands: Stands = "counts"


@dataclass(frozen=True, slots=True)
class ApprovalState:
    """A request for votes on one exact thing, as far as it has come.

    `requester` is a person's id, or None where nobody asked. `votes` are the approving ones; `consents` are
    the yes and no of people whom a condition names and whose vote would not count. `asked` are the people
    who were asked so far. `decided_by` denied, withdrew, or gave the vote that completed it; `reason` is why it
    was denied;
    `superseded_by` is the approval that took its place.
    """

    id: str
    requester: str | None
    terms: ApprovalTerms
    opened: datetime
    deadlines: Deadlines
    status: Status = Status.OPEN
    votes: tuple[Vote, ...] = ()
    consents: tuple[Vote, ...] = ()
    asked: frozenset[str] = frozenset()
    reminded: bool = False
    decided_by: str | None = None
    decided: datetime | None = None
    superseded_by: str | None = None
    reason: str | None = None

    @property
    def conditions(self) -> tuple[Term, ...]:
        """Every condition that an approving vote set, once."""
        return tuple(dict.fromkeys(condition for vote in self.votes for condition in vote.conditions))

    @property
    def named(self) -> frozenset[str]:
        """The people whose own yes or no a condition waits for."""
        return frozenset(
            atom.of
            for condition in self.conditions
            for atom in comparisons(condition)
            if atom.fact in ("approved_by", "denied_by")
        )

    def cast(self, *stands: Stands) -> list[Ballot]:
        """The ballots of the votes that stand so."""
        return [vote.ballot for vote in self.votes if vote.stands in stands]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The vote counts; these slots are still empty."""

    missing: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Conditional:
    """The vote is kept, and counts once its conditions hold: `stands` says whether they still can. `missing`
    are the slots that are empty even then."""

    stands: Stands
    missing: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Consented:
    """Somebody else's vote waited for this person's yes or no, and now has it."""

    choice: Literal["approve", "deny"]


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


Answer = (
    Recorded | Conditional | Consented | Approved | Denied | Refused | AlreadyDecided | Expired | Superseded
)


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


def withdraw(
    state: ApprovalState, by: str, at: datetime, *, held: bool = False
) -> tuple[ApprovalState, Answer | None]:
    """Its requester takes the proposal back; None as the answer says that this is done.

    What was approved is taken back as well while all of it is `held` back.
    """
    state = expire(state, at)
    if state.status is not Status.OPEN and not (held and state.status is Status.APPROVED):
        return state, closed(state)
    if by != state.requester:
        return state, Refused(Reason.NO_ROLE, frozenset())
    return replace(state, status=Status.WITHDRAWN, decided_by=by, decided=at), None


def closed(state: ApprovalState) -> Answer:
    """What somebody hears who decides on one that is not open any more."""
    match state.status:
        case Status.EXPIRED:
            return Expired(state.deadlines.expires)
        case Status.SUPERSEDED:
            return Superseded(state.superseded_by)
        case _:
            return AlreadyDecided(state.status, state.decided_by, state.decided)


def barred(requester: str | None, terms: ApprovalTerms) -> str | None:
    """The person whose vote does not count, by themselves or by a delegate; None where everybody's may."""
    return None if terms.requester_may_vote else requester
