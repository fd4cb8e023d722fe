"""What a person may see of customers' items: computed once, enforced in every query that takes it."""

from __future__ import annotations

from dataclasses import dataclass

from governance.people import Person, Role


@dataclass(frozen=True, slots=True)
class Scope:
    """The items that somebody may see.

    `everything` reaches all items. Otherwise only items tagged with one of `accounts` are reached;
    items of other customers may be counted, never shown.
    """

    everything: bool
    accounts: frozenset[str] = frozenset()


EVERYTHING = Scope(everything=True)
NOTHING = Scope(everything=False)


def scope_of(person: Person | None) -> Scope:
    """Unknown people see nothing; customer success alone sees its accounts; everyone else, everything."""
    if person is None or not person.active or not person.roles:
        return NOTHING
    if person.roles == {Role.CUSTOMER_SUCCESS}:
        return Scope(everything=False, accounts=person.accounts)
    return EVERYTHING
