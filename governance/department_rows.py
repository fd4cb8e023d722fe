"""The department in the database: opened from its file, read by every turn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import rfc8785
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from governance.department import Department, PersonEntry
from governance.people import Person, Role
from governance.tables import DepartmentRow, IdentityRow, PersonRoleRow, PersonRow
from storage import direct
from storage.database import tenant_of

_parsed: dict[str, Department] = {}
"""Departments by digest: the file's content is validated once a process, not once a turn."""


class NoDepartment(LookupError):
    """This tenant has no department yet."""


async def open_department(tx: AsyncSession, department: Department) -> bool:
    """Load a department into a tenant that has none. Returns whether it did.

    People, roles and identities become rows; roles change only through `access` from then on. The console's
    identities are those of the sample's people.
    """
    body = department.model_dump(mode="json")
    opened = insert(DepartmentRow).values(body=body, digest=digest_of(body)).on_conflict_do_nothing()
    if (await tx.execute(opened.returning(DepartmentRow.digest))).scalar() is None:
        return False
    await add_people(tx, department, {entry.id: entry.roles for entry in department.people})
    return True


async def add_people(tx: AsyncSession, department: Department, roles: Mapping[str, Iterable[Role]]) -> None:
    """Make the rows of those whom `roles` names: they are new in the department, and hold these."""
    people = {person.id: person for person in department.as_people(tenant_of(tx))}
    entries = [entry for entry in department.people if entry.id in roles]
    tx.add_all(_row(entry, people[entry.id]) for entry in entries)
    await tx.flush()
    for entry in entries:
        tx.add_all(PersonRoleRow(person=entry.id, role=role.value) for role in sorted(roles[entry.id]))
        tx.add_all(
            IdentityRow(identity=identity, person=entry.id)
            for identity in (f"console:{entry.id}", *entry.identities)
        )
    await tx.flush()


def _row(entry: PersonEntry, person: Person) -> PersonRow:
    return PersonRow(
        id=person.id,
        name=person.name,
        email=entry.email,
        team=person.team,
        time_zone=person.time_zone,
        accounts=sorted(person.accounts),
        active=person.active,
    )


def digest_of(body: Mapping[str, Any]) -> str:
    """The SHA-256 of a department as JSON, in RFC 8785's form, in hex."""
    return hashlib.sha256(rfc8785.dumps(dict(body))).hexdigest()


DIGEST: direct.Query[str | None] = direct.Query(
    "SELECT digest FROM departments", {}, lambda rows: rows[0][0] if rows else None
)
"""The query of `read_department`."""


async def read_department(tx: AsyncSession) -> Department:
    """The tenant's department. Raises NoDepartment."""
    return await department_of(tx, await direct.answer(tx, DIGEST))


async def department_of(tx: AsyncSession, digest: str | None) -> Department:
    """The tenant's department, whose digest was read in `tx`. Raises NoDepartment."""
    if digest is None:
        raise NoDepartment(tenant_of(tx))
    if digest not in _parsed:
        body = (await tx.execute(select(DepartmentRow.body))).scalar_one()
        _parsed[digest] = Department.model_validate_json(json.dumps(body))
    return _parsed[digest]
