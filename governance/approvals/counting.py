"""Counting votes: what a vote decides, by the slots that it fills and the conditions that it stands under."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from governance.action import ApprovalTerms, Slot
from governance.approvals.decision import (
    Answer,
    ApprovalState,
    Approved,
    Conditional,
    Consented,
    Denied,
    Reason,
    Recorded,
    Refused,
    Stands,
    Status,
    Vote,
    barred,
    closed,
    expire,
)
from governance.approvals.slots import Ballot, Hat, fill, is_full
from governance.authority.conditions import All, Term, Told
from governance.authority.vocabulary import Reading, Unestablished

Facts = Sequence[Mapping[str, Reading]]
"""What is known when votes are counted: one mapping for each action that is asked for."""

WAITS_FOR = timedelta(days=14)
"""A proposal that only waits for what was set as a condition stays open for so long after the vote."""


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
        return state, closed(state)
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
        ballots.append(even_if.ballot.without(barred(state.requester, state.terms)))
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


def _counting(state: ApprovalState, terms: ApprovalTerms, *stands: Stands) -> list[Ballot]:
    return [ballot.without(barred(state.requester, terms)) for ballot in state.cast(*(stands or ("counts",)))]


def _without_hats(ballot: Ballot, taken_back: Collection[tuple[str, str]]) -> Ballot:
    hats = tuple(hat for hat in ballot.hats if (ballot.voter, hat.principal) not in taken_back)
    return Ballot(ballot.voter, hats)


def _as_of_now(ballot: Ballot, people: Mapping[str, frozenset[str]]) -> Ballot:
    hats = (Hat(hat.principal, hat.roles & people.get(hat.principal, frozenset())) for hat in ballot.hats)
    return Ballot(ballot.voter, tuple(hats))


def _refusal(state: ApprovalState, vote: Vote) -> Refused | None:
    slots = state.terms.slots
    who_may = frozenset(role for slot in slots for role in slot.roles)
    out = barred(state.requester, state.terms)
    if vote.ballot.voter == out:
        return Refused(Reason.REQUESTER, who_may)
    if not any(vote.ballot.without(out).fits(slot) for slot in slots):
        could = any(vote.ballot.fits(slot) for slot in slots)
        return Refused(Reason.FOR_THE_REQUESTER if could else Reason.NO_ROLE, who_may)
    before = next((cast for cast in state.votes if cast.ballot.voter == vote.ballot.voter), None)
    if vote.choice == "approve" and before is not None and before.conditions == vote.conditions:
        return Refused(Reason.VOTED_BEFORE, who_may)
    return None
