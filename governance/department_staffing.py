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


@dataclass(frozen=True, slots=True)
class _Problem:
    """What nobody could do: all of `about` (a requirement, a halt), or what `asker` alone asks for of it."""

    about: VoteRequirement | str
    asker: str | None
    sentence: str


def staffing_problems(everybody: Iterable[Person], requirements: Iterable[VoteRequirement]) -> tuple[str, ...]:
    """The same of these people, with the roles that they hold."""
    return tuple(dict.fromkeys(problem.sentence for problem in _found(tuple(everybody), requirements)))


def _found(everybody: tuple[Person, ...], requirements: Iterable[VoteRequirement]) -> Iterator[_Problem]:
    people = {person.id: person.roles for person in everybody if person.active}
    names = {person.id: person.name for person in everybody}
    for requirement in (*requirements, ROLE_CHANGE):
        yield from _unfilled(requirement, people, names)
    yield from _unresumable(people, names)


def can_change_roles(everybody: Iterable[Person]) -> bool:
    """Whether these people could change somebody's roles between them; if not, their file says who is what."""
    return can_fill(ROLE_CHANGE, {person.id: person.roles for person in everybody if person.active})


def new_problems(
    before: Iterable[Person], after: Iterable[Person], requirements: Iterable[VoteRequirement]
) -> tuple[str, ...]:
    """What a change makes impossible: what was so before is not the change's fault, and holds nothing up.

    Whoever comes first to a role may find nobody to approve what they ask for; that takes nothing from anybody.
    """
    needed, were = tuple(requirements), tuple(before)
    known = list(_found(were, needed))
    sentences = {problem.sentence for problem in known}
    impossible = [problem.about for problem in known if problem.asker is None]
    present = {person.id for person in were if person.active}
    worse = (
        problem.sentence
        for problem in _found(tuple(after), needed)
        if problem.sentence not in sentences
        and problem.about not in impossible
        and (problem.asker is None or problem.asker in present)
    )
    return tuple(dict.fromkeys(worse))


def _unfilled(
    requirement: VoteRequirement, people: Mapping[str, frozenset[Role]], names: Mapping[str, str]
) -> Iterator[_Problem]:
    row = requirement.row
    if not can_fill(requirement, people):
        sentence = f"{row}: nobody could approve it; it needs {_needed(requirement)}"
        yield _Problem(requirement, None, sentence)
        return
    if requirement.requester_may_vote:
        return
    for asker, roles in people.items():
        others = {person: held for person, held in people.items() if person != asker}
        if not roles.isdisjoint(requirement.may_ask) and not can_fill(requirement, others):
            lead = f"{row}: nobody could approve what {names[asker]} asks for"
            yield _Problem(requirement, asker, f"{lead}; it needs, besides them, {_needed(requirement)}")


def can_fill(requirement: VoteRequirement, people: Mapping[str, frozenset[Role]]) -> bool:
    """Whether people with these roles, by their ids, could give all of these votes."""
    return len(fill_slots(requirement.slots, people)) == len(requirement.slots)


def halters(people: Mapping[str, frozenset[Role]]) -> tuple[str, ...]:
    """Who of these may halt all agents."""
    return tuple(person for person, roles in people.items() if not roles.isdisjoint(HALTING))


def _needed(requirement: VoteRequirement) -> str:
    parts = [" or ".join(role.label for role in Role if role in slot) for slot in requirement.slots]
    return parts[0] if len(parts) == 1 else ", and ".join(parts) + ", each a different person"


def _unresumable(people: Mapping[str, frozenset[Role]], names: Mapping[str, str]) -> Iterator[_Problem]:
    halting = halters(people)
    if not halting:
        sentence = "halt: nobody could halt the agents; it needs engineering director or executive"
        yield _Problem("halt", None, sentence)
    for halter in halting:
        if not any(person != halter and not roles.isdisjoint(RESUMING) for person, roles in people.items()):
            sentence = (
                f"resume: nobody could let the agents go on after {names[halter]} halted them; "
                "it needs a second engineering director, executive, compliance officer or SRE lead"
            )
            yield _Problem("halt", halter, sentence)
