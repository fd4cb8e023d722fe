"""The directory: who somebody is, which roles they hold now, and who decides for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from governance.people import Person, Role
from governance.tables import PersonRoleRow, PersonRow
from storage import direct
from storage.database import tenant_of

_BY_IDENTITY = """
    SELECT id, name, team, time_zone, accounts,
           ARRAY(SELECT role FROM person_roles WHERE (person_roles.tenant, person) = (people.tenant, people.id))
    FROM people JOIN identities ON (identities.tenant, person) = (people.tenant, people.id)
    WHERE identity = %(identity)s AND active
"""


_DELEGATED = """
    SELECT to_person, from_person FROM delegations
    WHERE starts <= %(moment)s AND ends > %(moment)s AND ended IS NULL
"""


async def lock_people(tx: AsyncSession) -> None:
    """Until `tx` ends nobody else changes roles, identities or delegations: what is checked here still holds
    when it is written."""
    await tx.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('people/' || :tenant, 0))"),
        {"tenant": tenant_of(tx)},
    )


class NoSuchPerson(LookupError):
    """Nobody in the department has this id."""


async def person_by_identity(tx: AsyncSession, identity: str) -> Person | None:
    """Whoever a platform-proved identity is linked to; None for strangers and the deactivated."""
    return await direct.answer(tx, by_identity(tenant_of(tx), identity))


def by_identity(tenant: str, identity: str) -> direct.Query[Person | None]:
    """The query of `person_by_identity`."""
    return direct.Query(_BY_IDENTITY, {"identity": identity}, partial(_person, tenant))


def _person(tenant: str, found: Sequence[Any]) -> Person | None:
    if not found:
        return None
    [(person, name, team, time_zone, accounts, roles)] = found
    return Person(
        tenant=tenant,
        id=person,
        name=name,
        roles=frozenset(map(Role, roles)),
        team=team,
        time_zone=time_zone,
        accounts=frozenset(accounts),
        active=True,
    )


async def person_by_id(tx: AsyncSession, person: str) -> Person:
    """A person with their roles as they are now. Raises NoSuchPerson."""
    found = await _people(tx, PersonRow.id == person)
    if not found:
        raise NoSuchPerson(person)
    return found[0]


class Names(dict[str, str]):
    """People's names, by their ids and by what the audit log calls them; whoever is no person of the
    department is called by what they were looked up by."""

    def __missing__(self, person: str) -> str:
        return person


async def names_of_all(tx: AsyncSession) -> Names:
    """Everybody's name, the inactive too."""
    return await direct.answer(tx, ALL_NAMES)


def _names(rows: Sequence[Any]) -> Names:
    return Names({called: name for *both, name in rows for called in both})


ALL_NAMES = direct.Query("SELECT id, log_name, name FROM people", {}, _names)
"""The query of `names_of_all`."""


async def name_of(tx: AsyncSession, person: str | None) -> str:
    """What people call somebody; their id if nobody in the department has it (`os:root`, an agent)."""
    named = await tx.execute(select(PersonRow.name).where(PersonRow.id == person))
    return named.scalar() or person or "nobody"


async def people(tx: AsyncSession) -> tuple[Person, ...]:
    """Everybody, the inactive too, by id."""
    return await _people(tx, None)


async def holders(tx: AsyncSession, roles: Iterable[Role]) -> tuple[Person, ...]:
    """Active people who hold at least one of `roles`, by id."""
    wanted = frozenset(roles)
    return tuple(person for person in await people(tx) if person.holds(*wanted))


async def deputies(tx: AsyncSession, moment: datetime) -> Mapping[str, frozenset[str]]:
    """For each person, those for whom they decide at `moment`."""
    return await direct.answer(tx, deputies_at(moment))


def deputies_at(moment: datetime) -> direct.Query[Mapping[str, frozenset[str]]]:
    """The query of `deputies`."""
    return direct.Query(_DELEGATED, {"moment": moment}, _deputies)


def _deputies(rows: Sequence[Any]) -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for to_person, from_person in rows:
        found[to_person] = found.get(to_person, frozenset()) | {from_person}
    return found


async def _people(tx: AsyncSession, where: ColumnElement[bool] | None) -> tuple[Person, ...]:
    query = (
        select(PersonRow, PersonRoleRow.role)
        .outerjoin(PersonRoleRow, PersonRoleRow.person == PersonRow.id)
        .order_by(PersonRow.id)
    )
    rows: dict[str, PersonRow] = {}
    roles: dict[str, set[Role]] = {}
    for row, role in await tx.execute(query if where is None else query.where(where)):
        rows[row.id] = row
        roles.setdefault(row.id, set()).update({Role(role)} if role else set())
    return tuple(
        Person(
            tenant=tenant_of(tx),
            id=row.id,
            name=row.name,
            roles=frozenset(roles[row.id]),
            team=row.team,
            time_zone=row.time_zone,
            accounts=frozenset(row.accounts),
            active=row.active,
        )
        for row in rows.values()
    )
