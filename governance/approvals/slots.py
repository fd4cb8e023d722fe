"""Matching votes to slots: each slot takes a different person, and nobody's authority counts twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from governance.action import Slot


@dataclass(frozen=True, slots=True)
class Hat:
    """Roles in which somebody may vote: their own, or those of `principal`, who delegated to them."""

    principal: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ballot:
    """A person with every hat that they may vote in; one of them counts."""

    voter: str
    hats: tuple[Hat, ...]

    def without(self, barred: str | None) -> Ballot:
        """This ballot where the votes of `barred`, by themselves or by a delegate, do not count."""
        if barred is None:
            return self
        hats = () if self.voter == barred else tuple(hat for hat in self.hats if hat.principal != barred)
        return Ballot(self.voter, hats)

    def fits(self, slot: Slot) -> bool:
        """Whether one of the hats may fill this slot."""
        return any(not hat.roles.isdisjoint(slot.roles) for hat in self.hats)


@dataclass(frozen=True, slots=True)
class Filled:
    """A slot that a vote fills: who voted, and in whose place."""

    voter: str
    principal: str


def fill(slots: Sequence[Slot], ballots: Iterable[Ballot]) -> tuple[Filled | None, ...]:
    """Fill as many slots as the ballots can; None where a slot stays empty.

    No voter and no principal is used twice: a delegate and the one who delegated fill one slot between
    them. With few slots (the policy reader allows five) all assignments are tried.
    """
    cast = tuple(ballots)
    choices = [_choices(slot, cast) for slot in slots]
    best: tuple[Filled | None, ...] = (None,) * len(slots)
    pending: list[tuple[Filled | None, ...]] = [()]
    while pending:
        partial = pending.pop()
        if len(partial) == len(slots):
            best = max(best, partial, key=_count)
            if _count(best) == len(slots):
                return best
            continue
        pending.append((*partial, None))
        pending.extend(
            (*partial, choice) for choice in reversed(choices[len(partial)]) if _free(choice, partial)
        )
    return best


def is_full(slots: Sequence[Slot], ballots: Iterable[Ballot]) -> bool:
    """Whether the ballots fill every slot."""
    return None not in fill(slots, ballots)


def _choices(slot: Slot, ballots: tuple[Ballot, ...]) -> tuple[Filled, ...]:
    return tuple(
        Filled(ballot.voter, hat.principal)
        for ballot in ballots
        for hat in ballot.hats
        if not hat.roles.isdisjoint(slot.roles)
    )


def _free(choice: Filled, partial: Iterable[Filled | None]) -> bool:
    return all(
        taken is None or (taken.voter != choice.voter and taken.principal != choice.principal)
        for taken in partial
    )


def _count(assignment: Sequence[Filled | None]) -> int:
    return sum(filled is not None for filled in assignment)
