"""Whether a department has the people that its rules need: no approval or release that nobody could give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from governance.action import ApprovalTerms
from governance.department import Department
from governance.people import Person, Role
from governance.slot_matching import fill_slots

ANYONE = frozenset(Role)

HALTING = frozenset({Role.ENGINEERING_DIRECTOR, Role.EXECUTIVE})
"""Who may halt all agents: the director and above."""

RESUMING = HALTING | {Role.COMPLIANCE_OFFICER, Role.SRE_LEAD}
"""Who may let agents go on, being somebody else than who halted them."""


@dataclass(frozen=True, slots=True)
class VoteRequirement:
    """What a rule needs of people: `slots` votes by different people, for `row` (a name for messages).

    `may_ask` are the roles whose holders may ask for it; the system may ask for anything. A row that
    is left to people has one slot and `requester_may_vote`.
    """

    row: str
    slots: tuple[frozenset[Role], ...]
    requester_may_vote: bool
    may_ask: frozenset[Role] = ANYONE

    @classmethod
    def of(cls, row: str, terms: ApprovalTerms, may_ask: frozenset[Role] = ANYONE) -> VoteRequirement:
        """What an approval with these terms needs."""
        slots = tuple(frozenset(Role(role) for role in slot.roles) for slot in terms.slots)
        return cls(row, slots, terms.requester_may_vote, may_ask)


ROLE_CHANGE = VoteRequirement(
    "role change",
    (frozenset({Role.ENGINEERING_DIRECTOR}), frozenset({Role.COMPLIANCE_OFFICER})),
    requester_may_vote=True,
)


def problems(department: Department, requirements: Iterable[VoteRequirement]) -> tuple[str, ...]:
    """What nobody in this department could approve or release, one sentence each; empty if all is well.

    Looked at for every person who may ask. Role changes, and resuming after a halt, are always checked.
    """
    return staffing_problems(department.as_people(department.id), requirements)


def staffing_problems(everybody: Iterable[Person], requirements: Iterable[VoteRequirement]) -> tuple[str, ...]:
    """The same of these people, with the roles that they hold."""
    known = tuple(everybody)
    people = {person.id: person.roles for person in known if person.active}
    names = {person.id: person.name for person in known}
    found: list[str] = []
    for requirement in (*requirements, ROLE_CHANGE):
        found.extend(_unfilled(requirement, people, names))
    found.extend(_unresumable(people, names))
    return tuple(dict.fromkeys(found))


def new_problems(
    before: Iterable[Person], after: Iterable[Person], requirements: Iterable[VoteRequirement]
) -> tuple[str, ...]:
    """What a change makes impossible: what was so before is not the change's fault, and holds nothing up."""
    needed = tuple(requirements)
    known = staffing_problems(before, needed)
    return tuple(problem for problem in staffing_problems(after, needed) if problem not in known)


def _unfilled(
    requirement: VoteRequirement, people: Mapping[str, frozenset[Role]], names: Mapping[str, str]
) -> Iterator[str]:
    if not _can_fill(requirement, people):
        yield f"{requirement.row}: nobody could approve it; it needs {_needed(requirement)}"
        return
    if requirement.requester_may_vote:
        return
    for asker, roles in people.items():
        others = {person: held for person, held in people.items() if person != asker}
        if not roles.isdisjoint(requirement.may_ask) and not _can_fill(requirement, others):
            yield (
                f"{requirement.row}: nobody could approve what {names[asker]} asks for; "
                f"it needs, besides them, {_needed(requirement)}"
            )


def _can_fill(requirement: VoteRequirement, people: Mapping[str, frozenset[Role]]) -> bool:
    return len(fill_slots(requirement.slots, people)) == len(requirement.slots)


def _needed(requirement: VoteRequirement) -> str:
    parts = [" or ".join(role.label for role in Role if role in slot) for slot in requirement.slots]
    return parts[0] if len(parts) == 1 else ", and ".join(parts) + ", each a different person"


def _unresumable(people: Mapping[str, frozenset[Role]], names: Mapping[str, str]) -> Iterator[str]:
    halting = [person for person, roles in people.items() if not roles.isdisjoint(HALTING)]
    if not halting:
        yield "halt: nobody could halt the agents; it needs engineering director or executive"
    for halter in halting:
        if not any(person != halter and not roles.isdisjoint(RESUMING) for person, roles in people.items()):
            yield (
                f"resume: nobody could let the agents go on after {names[halter]} halted them; "
                "it needs a second engineering director, executive, compliance officer or SRE lead"
            )
