"""Filling vote slots with different people: a maximum bipartite matching, found by augmenting paths (Kuhn)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set


def fill_slots(slots: Sequence[Set[str]], holders: Mapping[str, Set[str]]) -> dict[int, str]:
    """As many slots as can be filled at once, each by a different person: slot's position → person.

    `slots` are the roles that each slot takes, `holders` each person's roles. Earlier people are
    preferred; a slot that stays open has no entry.
    """
    filled: dict[int, str] = {}
    for person, roles in holders.items():
        _place(person, roles, slots, holders, filled, set())
    return filled


def _place(
    person: str,
    roles: Set[str],
    slots: Sequence[Set[str]],
    holders: Mapping[str, Set[str]],
    filled: dict[int, str],
    tried: set[int],
) -> bool:
    """Give this person a slot, moving earlier people to other slots where that makes room."""
    for position, wanted in enumerate(slots):
        if position in tried or roles.isdisjoint(wanted):
            continue
        tried.add(position)
        sitting = filled.get(position)
        if sitting is None or _place(sitting, holders[sitting], slots, holders, filled, tried):
            filled[position] = person
            return True
    return False
