"""What nobody in a department could approve, in a few sentences: what takes the same people stands together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from governance.department_staffing import RESUMING, ROLE_CHANGE, VoteRequirement, can_fill, halters
from governance.people import Person, Role

_VOWELS = "aeioS"  # an SRE lead


def lacking(everybody: Iterable[Person], requirements: Iterable[VoteRequirement]) -> tuple[str, ...]:
    """One sentence for each set of people that is missing, with what waits for them; empty if all is well."""
    people = [person for person in everybody if person.active]
    roles = {person.id: person.roles for person in people}
    nobody: dict[str, list[str]] = {}
    besides: dict[tuple[str, str], list[str]] = {}
    for requirement in (*requirements, ROLE_CHANGE):
        row, takes = requirement.row.lower(), _takes(requirement)
        if not can_fill(requirement, roles):
            nobody.setdefault(takes, []).append(row)
            continue
        for asker in () if requirement.requester_may_vote else people:
            others = {id: held for id, held in roles.items() if id != asker.id}
            if not asker.roles.isdisjoint(requirement.may_ask) and not can_fill(requirement, others):
                besides.setdefault((takes, asker.name), []).append(row)
    return (
        *(f"Nobody could approve {_rows(rows)}: that takes {takes}." for takes, rows in nobody.items()),
        *(
            f"Nobody could approve what {name} asks for of {_rows(rows)}: that takes {takes} besides {name}."
            for (takes, name), rows in besides.items()
        ),
        *_standing_still(people, roles),
    )


def _standing_still(people: list[Person], roles: Mapping[str, frozenset[Role]]) -> Iterable[str]:
    if not (halting := halters(roles)):
        yield "Nobody could halt the agents: that takes an engineering director or an executive."
    for person in people:
        others = (held for id, held in roles.items() if id != person.id)
        if person.id in halting and all(held.isdisjoint(RESUMING) for held in others):
            lead = f"Nobody could let the agents go on after {person.name} halted them"
            yield f"{lead}: that takes somebody else who is {_one_of(RESUMING)}."


def _takes(requirement: VoteRequirement) -> str:
    if len(requirement.slots) > 1 and len(set(requirement.slots)) == 1:
        return f"{len(requirement.slots)} people who are each {_one_of(requirement.slots[0])}"
    slots = " and ".join(_one_of(slot) for slot in requirement.slots)
    return slots if len(requirement.slots) == 1 else f"{slots}, who are different people"


def _one_of(roles: frozenset[Role]) -> str:
    labels = [role.label for role in Role if role in roles]
    named = [f"{'an' if label[0] in _VOWELS else 'a'} {label}" for label in labels]
    return " or ".join(filter(None, (", ".join(named[:-1]), named[-1])))


def _rows(rows: Iterable[str]) -> str:
    known = [row for row in dict.fromkeys(rows) if f"{row}s" not in rows]  # a row of the matrix says it already
    return " and ".join(filter(None, (", ".join(known[:-1]), known[-1])))
