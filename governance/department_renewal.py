"""A department file that was changed: the next start takes it over, all but what only `access` may change.

Names, teams, absences, account owners, channels, calendars and the rest are the file's. Roles, and the
identities of whoever was there before, are not; nor is the address of somebody who holds a role and is known in
chat: who writes the file could promote themselves, or be taken for somebody else by an address of their own.

Roles are the file's, too, as long as nobody could change them in chat: a department of two people would never
get a third role otherwise. No change of the file leads back there, for the caller refuses one that leaves an
approval to nobody.

Teams and products that were added in chat stand beside the file until it names some itself
(`governance.department_added`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import JsonValue
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable
from governance.audit.log import record
from governance.audit.log_names import log_names
from governance.department import Department
from governance.department_added import Added, with_added
from governance.department_rows import add_people, digest_of
from governance.department_staffing import can_change_roles
from governance.directory import lock_people, people
from governance.people import Actor, Person, Role
from governance.tables import DepartmentRow, IdentityRow, PersonRoleRow, PersonRow
from storage.database import locked, tenant_of

_ROLES_KEPT = "Nobody's roles changed."
_ROLES_GIVEN = "Roles changed to the file's, for nobody could change them in chat."


class AnotherDepartment(ValueError):
    """The tenant has a department already, and the file describes another one."""

    def __init__(self, there: str, given: str) -> None:
        super().__init__(
            f"This TENANT's department is `{there}`, and the file describes `{given}`: set another TENANT."
        )


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a changed file brought: the parts of it that are not as before, and people by id.

    `added` are new, and hold no role yet; `left` are not active any more, `returned` are again. `readdressed`
    have another address, by which chat may link them. `given` have other roles than before, those of the file.
    `replaced` are the names of teams and products that were added in chat, and are the file's to name now.
    """

    parts: tuple[str, ...]
    added: tuple[str, ...]
    left: tuple[str, ...]
    returned: tuple[str, ...]
    readdressed: tuple[str, ...]
    given: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()


async def renew_department(tx: AsyncSession, department: Department) -> Renewal | None:
    """Take over a file that is not as it was, and put that on record; None if it is. Raises AnotherDepartment.

    Whoever does not stand in it any more has left. Where it leaves nobody for some approval, that is for the
    caller to see, and to roll back.
    """
    await lock_people(tx)
    row = (await tx.execute(locked(select(DepartmentRow)))).scalar_one()
    if row.body["id"] != department.id:
        raise AnotherDepartment(row.body["id"], department.id)
    added = Added.of(row.added)
    kept = added.beside(department)
    body, before = with_added(department, added).model_dump(mode="json"), row.body
    if (digest := digest_of(body)) == row.digest and kept == added:
        return None
    row.body, row.digest, row.added = body, digest, kept.model_dump(mode="json")
    file_gives_roles = not can_change_roles(await people(tx))
    parts = tuple(sorted(name for name in body.keys() | before.keys() if body.get(name) != before.get(name)))
    renewal = await _renew_people(tx, department, parts)
    gone = tuple(name for name in added.names() if name not in kept.names())
    renewal = replace(renewal, replaced=gone)
    if file_gives_roles:
        renewal = replace(renewal, given=await _give_roles(tx, department))
    await record(tx, await _entry(tx, renewal, digest))
    return renewal


def with_roles(department: Department, tenant: str, held: Mapping[str, frozenset[Role]]) -> tuple[Person, ...]:
    """The file's people with the roles that they hold in the department, not those that the file gives them."""
    return tuple(
        replace(person, roles=held.get(person.id, frozenset())) for person in department.as_people(tenant)
    )


async def settled_addresses(tx: AsyncSession) -> Mapping[str, str | None]:
    """The addresses of who holds a role and is known in chat, by person: the file changes none of them."""
    known = select(IdentityRow.person).where(IdentityRow.identity.not_like("console:%"))
    holding = select(PersonRoleRow.person)
    query = select(PersonRow.id, PersonRow.email).where(PersonRow.id.in_(known), PersonRow.id.in_(holding))
    return {row.id: row.email for row in await tx.execute(query)}


async def _renew_people(tx: AsyncSession, department: Department, parts: tuple[str, ...]) -> Renewal:
    settled = await settled_addresses(tx)
    rows = {row.id: row for row in (await tx.execute(select(PersonRow))).scalars()}
    addresses = {id: row.email for id, row in rows.items()}
    were_active = {id for id, row in rows.items() if row.active}
    described = {person.id: person for person in department.as_people(tenant_of(tx))}
    added = tuple(entry.id for entry in department.people if entry.id not in rows)
    await add_people(tx, department, dict.fromkeys(added, ()))
    for entry in department.people:
        if (row := rows.get(entry.id)) is not None:
            _renew(row, described[entry.id], settled.get(entry.id, entry.email))
    for id in rows.keys() - described.keys():
        rows[id].active = False
    await tx.flush()
    are_active = {id for id, row in rows.items() if row.active}
    return Renewal(
        parts,
        added,
        left=tuple(sorted(were_active - are_active)),
        returned=tuple(sorted(are_active - were_active)),
        readdressed=tuple(sorted(id for id, row in rows.items() if row.email != addresses[id])),
    )


async def _give_roles(tx: AsyncSession, department: Department) -> tuple[str, ...]:
    """Make everybody's roles those of the file. Returns whose were others."""
    held = {person.id: person.roles for person in await people(tx)}
    given = [entry for entry in department.people if entry.roles != held.get(entry.id, frozenset())]
    for entry in given:
        await tx.execute(delete(PersonRoleRow).where(PersonRoleRow.person == entry.id))
        tx.add_all(PersonRoleRow(person=entry.id, role=role.value) for role in sorted(entry.roles))
    await tx.flush()
    return tuple(sorted(entry.id for entry in given))


def _renew(row: PersonRow, person: Person, email: str | None) -> None:
    row.name, row.email, row.team = person.name, email, person.team
    row.time_zone, row.accounts, row.active = person.time_zone, sorted(person.accounts), person.active


async def _entry(tx: AsyncSession, renewal: Renewal, digest: str) -> Entry:
    everybody = (*renewal.added, *renewal.left, *renewal.returned, *renewal.readdressed, *renewal.given)
    names = await log_names(tx, everybody)

    def called(people: tuple[str, ...]) -> list[JsonValue]:
        return [*sorted(names[person] for person in people)]

    details: dict[str, Any] = {
        "parts": list(renewal.parts),
        "added": called(renewal.added),
        "left": called(renewal.left),
        "returned": called(renewal.returned),
        "readdressed": called(renewal.readdressed),
        **({"roles_given": called(renewal.given)} if renewal.given else {}),
        **({"added_in_chat_replaced": list(renewal.replaced)} if renewal.replaced else {}),
        "sha256": digest,
    }
    roles = _ROLES_GIVEN if renewal.given else _ROLES_KEPT
    return Entry(
        kind=EntryKind.SYSTEM,
        type="department.renewed",
        actor=Actor("system", "start"),
        details=details,
        rationale=NotApplicable(not_applicable=Absence.NONE_GIVEN),
        approvals=NotApplicable(not_applicable=Absence.NO_APPROVAL_NEEDED),
        impact=f"The department is as its file describes it now. {roles}",
        rollback_plan="Start with the file as it was.",
        artifacts=(f"department.yaml:sha256:{digest}",),
    )
