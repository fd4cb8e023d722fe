"""What must hold inside a department file beyond its shape: ids, references, calendars, capacities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches

from governance.department import Department, PersonEntry
from governance.marked_yaml import KeyPath
from governance.people import Role

Inconsistency = tuple[KeyPath, str]
"""Where in the file, and what to do."""


def inconsistencies(
    department: Department, beside: Mapping[str, frozenset[str]] | None = None
) -> Iterator[Inconsistency]:
    """Everything in the department that cannot be so, part by part.

    `beside` are ids by section of entries that are left out here because something else is wrong with them:
    whoever names one of these names nobody who is missing.
    """
    yield from _twice(department)
    yield from _unknown_references(department, beside or {})
    yield from _calendars(department)
    for position, person in enumerate(department.people):
        yield from _deputy(department, position, person)
        for absence_position, absence in enumerate(person.away):
            if absence.until < absence.since:
                yield ("people", position, "away", absence_position), "`until` lies before `since`; swap them"
    yield from _capacities(department)
    yield from _holders(department)


def _twice(department: Department) -> Iterator[Inconsistency]:
    lists: dict[str, list[str]] = {
        "calendars": [calendar.id for calendar in department.calendars],
        "people": [person.id for person in department.people],
        "teams": [team.id for team in department.teams],
        "products": [product.id for product in department.products],
        "channels": [channel.name for channel in department.channels],
    }
    for section, ids in lists.items():
        for position, one in enumerate(ids):
            if one in ids[:position]:
                yield (section, position), f"`{one}` is taken already; give this one an id of its own"
    yield from _shared(department, "email", lambda person: (person.email.lower(),))
    yield from _shared(department, "identities", lambda person: person.identities)


def _shared(
    department: Department, field: str, values: Callable[[PersonEntry], Iterable[str]]
) -> Iterator[Inconsistency]:
    holders: dict[str, str] = {}
    for position, person in enumerate(department.people):
        for value in values(person):
            holder = holders.setdefault(value, person.id)
            if holder != person.id:
                yield ("people", position, field), f"`{value}` belongs to `{holder}` already"


def _unknown_references(
    department: Department, beside: Mapping[str, frozenset[str]]
) -> Iterator[Inconsistency]:
    people = {person.id for person in department.people if person.active} | beside.get("people", frozenset())
    teams = {team.id for team in department.teams} | beside.get("teams", frozenset())
    calendars = {calendar.id for calendar in department.calendars} | beside.get("calendars", frozenset())
    references: list[tuple[KeyPath, str | None, set[str], str]] = [
        (("calendar",), department.calendar, calendars, "calendar")
    ]
    for position, person in enumerate(department.people):
        references.append((("people", position, "calendar"), person.calendar, calendars, "calendar"))
        references.append((("people", position, "team"), person.team, teams, "team"))
        references.append((("people", position, "deputy"), person.deputy, people, "active person"))
    for position, team in enumerate(department.teams):
        references.append((("teams", position, "lead"), team.lead, people, "active person"))
    for position, product in enumerate(department.products):
        references.append((("products", position, "owner"), product.owner, people, "active person"))
        for at, team_id in enumerate(product.teams):
            references.append((("products", position, "teams", at), team_id, teams, "team"))
    for position, channel in enumerate(department.channels):
        for member in channel.members:
            references.append((("channels", position, "members"), member, people, "active person"))
    for account, owner in department.account_owners.items():
        references.append((("account_owners", account), owner, people, "active person"))
    for path, written, known, kind in references:
        if written is not None and written not in known:
            yield path, f"there is no {kind} `{written}`{nearest(written, known)}"


def _calendars(department: Department) -> Iterator[Inconsistency]:
    for position, calendar in enumerate(department.calendars):
        if calendar.end <= calendar.start:
            yield ("calendars", position, "end"), "the working day ends before it starts"
        days = [holiday.day for holiday in calendar.holidays]
        for at, day in enumerate(days):
            if day in days[:at]:
                yield ("calendars", position, "holidays", at), f"{day} stands here twice; keep one"


def _deputy(department: Department, position: int, person: PersonEntry) -> Iterator[Inconsistency]:
    deputies = {other.id: other for other in department.people}
    deputy = deputies.get(person.deputy or "")
    if deputy is None:
        return
    if deputy.id == person.id:
        yield ("people", position, "deputy"), "nobody is their own deputy; name somebody else"
    elif deputy.roles.isdisjoint(person.roles):
        roles = " or ".join(sorted(role.label for role in person.roles))
        yield ("people", position, "deputy"), f"`{deputy.id}` is no {roles}, which a deputy must be too"


def _capacities(department: Department) -> Iterator[Inconsistency]:
    for position, team in enumerate(department.teams):
        roles = [agents.role for agents in team.agents]
        for at, role in enumerate(roles):
            if role in roles[:at]:
                yield ("teams", position, "agents", at), f"`{role}` stands here twice; add the two up"
        for discipline, hours in team.capacity.items():
            if hours > team.budget(discipline):
                yield (
                    ("teams", position, "capacity", discipline.value),
                    f"{hours:g} hours are planned, but the agents have {team.budget(discipline):g} a week",
                )


def _holders(department: Department) -> Iterator[Inconsistency]:
    """Who owns products and accounts must hold the role that lets them."""
    for position, product in enumerate(department.products):
        if not _holds(department, product.owner, Role.PRODUCT_OWNER):
            yield ("products", position, "owner"), f"`{product.owner}` is no product owner; name one who is"
    for account, owner in department.account_owners.items():
        if not _holds(department, owner, Role.CUSTOMER_SUCCESS):
            yield ("account_owners", account), f"`{owner}` is not in customer success; name one who is"


def _holds(department: Department, person: str, role: Role) -> bool:
    """Whether this person holds the role; who is unknown is reported elsewhere."""
    return all(role in entry.roles for entry in department.people if entry.id == person)


def nearest(written: str, known: Iterable[str]) -> str:
    """How to go on after an unknown name: the closest known one, or to remove it."""
    close = get_close_matches(written, tuple(known), n=1)
    return f"; did you mean `{close[0]}`?" if close else "; remove it"
