"""An approval's life as values: votes come in one by one, and each gets an answer.

Nothing here reads a clock, a database or who somebody is: roles and delegations are re-read at every
click and handed in with the vote, and again at execution.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from governance.action import ApprovalTerms, Slot
from governance.approvals.slots import Ballot, Hat, fill, is_full
from governance.approvals.working_time import Deadlines
from governance.authority.conditions import All, Term, Told, comparisons
from governance.authority.vocabulary import Reading, Unestablished

Facts = Sequence[Mapping[str, Reading]]
"""What is known when votes are counted: one mapping for each action that is asked for."""

Stands = Literal["counts", "waits", "void"]
"""What a vote is worth by its conditions: they hold, they may come to hold, they never will."""

WAITS_FOR = timedelta(days=14)
"""A proposal that only waits for what was set as a condition stays open for so long after the vote."""


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


def decide(
    state: ApprovalState, vote: Vote, facts: Facts = (), *, held: bool = False, reason: str | None = None
) -> tuple[ApprovalState, Answer]:
    """The state after this vote, and what the voter is told. A refused vote leaves the state as it was.

    Conditions are looked at by `facts`. What was approved is still open to those who vote while all of it is
    `held` back: to a no, and where it waits for a condition to another yes.
    """
    state = expire(state, vote.at)
    reopens = held and state.status is Status.APPROVED and (vote.choice == "deny" or bool(state.conditions))
    if state.status is not Status.OPEN and not reopens:
        return state, _closed(state)
    after, answer = _take(replace(state, status=Status.OPEN), vote, facts, reason)
    # One that was approved stays so while nobody said no: what is held back of it waits as before.
    return replace(after, status=state.status) if after.status is Status.OPEN else after, answer


def _take(state: ApprovalState, vote: Vote, facts: Facts, reason: str | None) -> tuple[ApprovalState, Answer]:
    voter = vote.ballot.voter
    refused = _refusal(state, vote)
    if refused is not None and voter in state.named and refused.reason is not Reason.VOTED_BEFORE:
        others = tuple(one for one in state.consents if one.ballot.voter != voter)
        state = replace(state, consents=(*others, replace(vote, conditions=())))
        return recount(state, facts, vote.at)[0], Consented(vote.choice)
    if refused is not None:
        return state, refused
    if vote.choice == "deny":
        ended = replace(state, status=Status.DENIED, decided_by=voter, decided=vote.at, reason=reason)
        return ended, Denied(voter)
    others = tuple(one for one in state.votes if one.ballot.voter != voter)
    state, by = recount(replace(state, votes=(*others, vote)), facts, vote.at)
    if by is not None:
        return state, Approved(by)
    mine = next(one for one in state.votes if one.ballot.voter == voter)
    if mine.stands != "counts":
        return state, Conditional(mine.stands, missing(state, even_if=mine))
    return state, Recorded(missing(state))


def recount(state: ApprovalState, facts: Facts, at: datetime) -> tuple[ApprovalState, tuple[str, ...] | None]:
    """An open approval with its votes weighed by what is known `at` this moment, and by whom it is approved if
    enough of them count."""
    if state.status is not Status.OPEN:
        return state, None
    state = weigh(state, facts)
    filled = fill(state.terms.slots, _counting(state, state.terms))
    if None not in filled:
        last = max((vote for vote in state.votes if vote.stands == "counts"), key=lambda vote: vote.at)
        state = replace(state, status=Status.APPROVED, decided_by=last.ballot.voter, decided=at)
        return state, tuple(by.voter for by in filled if by is not None)
    if is_covered(state):
        latest = max(vote.at for vote in state.votes)
        ends = max(state.deadlines.expires, latest + WAITS_FOR)
        state = replace(state, deadlines=replace(state.deadlines, expires=ends))
    return state, None


def weigh(state: ApprovalState, facts: Facts) -> ApprovalState:
    """The state with the conditions of each vote looked at.

    A vote that waits for somebody else's is satisfied by one that counts; two that wait for each other both
    are. Where no such reading is stable, none of them counts.
    """
    if not state.conditions:
        return state
    counting = {vote.ballot.voter for vote in state.votes}
    for _ in range(len(state.votes) + 1):
        said = _said(state, counting)
        votes = tuple(replace(vote, stands=_stands(vote, facts, said)) for vote in state.votes)
        found = {vote.ballot.voter for vote in votes if vote.stands == "counts"}
        if found == counting:
            return replace(state, votes=votes)
        counting = found
    waiting = (replace(vote, stands="waits") if vote.conditions else vote for vote in state.votes)
    return replace(state, votes=tuple(waiting))


def told(terms: Iterable[Term], facts: Facts) -> Told:
    """What can be told of conditions that have to hold for every action; nothing without facts."""
    conditions = All(tuple(terms))
    if not facts:
        return conditions.told({})
    each = [conditions.told(readings) for readings in facts]
    if any(one.now is False for one in each):
        return Told(False, any(one.now is False and one.settled for one in each))
    return Told(None) if any(one.now is None for one in each) else Told(True, all(one.settled for one in each))


def missing(state: ApprovalState, even_if: Vote | None = None) -> tuple[Slot, ...]:
    """The slots that no vote fills as things stand; with `even_if`, if that one counted as well."""
    ballots = _counting(state, state.terms)
    if even_if is not None:
        ballots.append(even_if.ballot.without(_barred(state.requester, state.terms)))
    filled = fill(state.terms.slots, ballots)
    return tuple(slot for slot, by in zip(state.terms.slots, filled, strict=True) if by is None)


def is_covered(state: ApprovalState) -> bool:
    """Whether the votes suffice as soon as the conditions hold that some of them wait for."""
    return is_full(state.terms.slots, _counting(state, state.terms, "counts", "waits"))


def _stands(vote: Vote, facts: Facts, said: Mapping[str, Reading]) -> Stands:
    if not vote.conditions:
        return "counts"
    found = told(vote.conditions, [{**readings, **said} for readings in facts or ({},)])
    if found.now is True:
        return "counts"
    return "void" if found.now is False and found.settled else "waits"


def _said(state: ApprovalState, counting: Collection[str]) -> Mapping[str, Reading]:
    """What the people said for whose yes or no a condition waits."""
    answers = {vote.ballot.voter: vote.choice for vote in state.consents} | dict.fromkeys(counting, "approve")
    readings: dict[str, Reading] = {}
    for person in state.named:
        choice = answers.get(person)
        readings[f"approved_by({person})"] = (
            Unestablished("they have not answered") if choice is None else _yes(choice == "approve")
        )
        readings[f"denied_by({person})"] = _yes(choice == "deny")
    return readings


def _yes(holds: bool) -> Reading:
    return frozenset(("true" if holds else "false",))


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
        return state, _closed(state)
    if by != state.requester:
        return state, Refused(Reason.NO_ROLE, frozenset())
    return replace(state, status=Status.WITHDRAWN, decided_by=by, decided=at), None


def still_valid(
    state: ApprovalState,
    terms: ApprovalTerms,
    people: Mapping[str, frozenset[str]],
    taken_back: Collection[tuple[str, str]] = frozenset(),
    *,
    stands: tuple[Stands, ...] = ("counts",),
) -> bool:
    """Whether the votes that stand so fill the slots of `terms`, as they are ruled at execution, with roles as
    they are now.

    `people` are the active people with the roles that they hold. A vote counts in the roles that its
    voter, or the one who delegated to them, held at the click and still holds; who left does not count, nor
    does a hat that was `taken_back` since: (deputy, principal).
    """
    if state.status is not Status.APPROVED:
        return False
    counting = (_without_hats(ballot, taken_back) for ballot in _counting(state, terms, *stands))
    kept = [_as_of_now(ballot, people) for ballot in counting if people.get(ballot.voter)]
    return is_full(terms.slots, kept)


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


def _counting(state: ApprovalState, terms: ApprovalTerms, *stands: Stands) -> list[Ballot]:
    return [ballot.without(_barred(state.requester, terms)) for ballot in state.cast(*(stands or ("counts",)))]


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
    before = next((cast for cast in state.votes if cast.ballot.voter == vote.ballot.voter), None)
    if vote.choice == "approve" and before is not None and before.conditions == vote.conditions:
        return Refused(Reason.VOTED_BEFORE, who_may)
    return None
