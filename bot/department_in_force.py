"""What the doctor says of the department: its file, and how what is in force differs from it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from bot.department import Installation
from bot.finding import Finding
from governance.authority.policy_error import PolicyError
from governance.department import Department
from governance.department_file import DepartmentError
from governance.department_renewal import settled_addresses, with_roles
from governance.department_rows import digest_of
from governance.department_staffing import problems, staffing_problems
from governance.directory import people
from governance.people import Person
from governance.tables import DepartmentRow
from handlers.conversation.wording import listed

_WHAT = "department"


@dataclass(frozen=True, slots=True)
class _InForce:
    """The department as it was last taken over, everybody with the roles that they hold, and the addresses that
    the file does not change."""

    id: str
    digest: str
    people: tuple[Person, ...]
    settled: Mapping[str, str | None]


async def examine_department(installation: Installation) -> AsyncIterator[Finding]:
    """Whether the file describes a department that can work, with the roles that people hold by now."""
    try:
        file = installation.department_file
        requirements = installation.policy.requirements_for_people()
    except (DepartmentError, PolicyError) as wrong:
        yield Finding(_WHAT, "wrong", str(wrong))
        return
    there = await _in_force(installation)
    if there is None:
        found = problems(file, requirements)
    else:
        held = {person.id: person.roles for person in there.people}
        found = staffing_problems(with_roles(file, installation.settings.tenant, held), requirements)
    for problem in found:
        yield Finding(_WHAT, "wrong", problem)
    if not found:
        sample = " (the sample: nothing in it is real)" if file.sample else ""
        yield Finding(_WHAT, "well", f"{file.name}, {len(file.people)} people, {len(file.teams)} teams{sample}")
    if file.sample and (installation.settings.speaks_slack or installation.settings.speaks_teams):
        says = "the sample has nobody of yours; write a department.yaml, and set DEPARTMENT and a new TENANT"
        yield Finding("sample department", "advice", says)
    if there is not None:
        for finding in _compared(file, there):
            yield finding


async def _in_force(installation: Installation) -> _InForce | None:
    """None where there is none yet, or it cannot be read; others report why."""
    try:
        async with installation.database.transaction(installation.settings.tenant) as tx:
            row = (await tx.execute(select(DepartmentRow))).scalar()
            if row is None:
                return None
            return _InForce(row.body["id"], row.digest, await people(tx), await settled_addresses(tx))
    except SQLAlchemyError:
        return None


def _compared(file: Department, there: _InForce) -> list[Finding]:
    if there.id != file.id:
        fix = "set another TENANT for it"
        return [Finding(_WHAT, "wrong", f"this TENANT's department is {there.id}, the file's {file.id}; {fix}")]
    found = []
    if there.digest != digest_of(file.model_dump(mode="json")):
        found.append(Finding(_WHAT, "advice", "the file was changed; the next start takes it over"))
    held = {person.id: person.roles for person in there.people}
    otherwise = [entry.name for entry in file.people if entry.roles != held.get(entry.id, frozenset())]
    if otherwise:
        says = "the file's count at the first start only, afterwards they change by “access” in chat"
        found.append(Finding("roles", "advice", f"not as in the file: {listed(otherwise)}; {says}"))
    kept = [entry.name for entry in file.people if there.settled.get(entry.id, entry.email) != entry.email]
    if kept:
        says = "known in chat already and holding a role, another identity is linked by “access” there"
        found.append(Finding("addresses", "advice", f"not as in the file: {listed(kept)}; {says}"))
    return found
