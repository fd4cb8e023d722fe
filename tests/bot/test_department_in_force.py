"""A department file that was edited: the doctor says so, and the next start takes it over, or refuses it."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from bot.bootstrap import DepartmentRefused, open_installation
from bot.database import locate
from bot.department import Installation
from bot.in_force import examine_department
from bot.settings import Settings
from governance.department_renewal import AnotherDepartment
from governance.department_rows import read_department
from governance.directory import people
from governance.people import Role
from governance.tables import IdentityRow, PersonRoleRow
from storage.database import Database
from storage.embedded import EmbeddedServer

ACME = Path(__file__).resolve().parents[2] / "examples" / "acme"

TWO = """\
id: acme
name: Two Lamps
people:
  - {name: Ann Test, address: ann@example.com, roles: product owner}
  - {name: Ben Test, address: ben@example.com, roles: director}
"""
CEM = "  - {name: Cem Test, address: cem@example.com, roles: [compliance officer, SRE lead]}\n"

NEW = """\
  - id: noor
    name: Noor Haddad
    email: noor@example.com
    title: Engineer
    roles: [executive]
    calendar: new-york
"""


@dataclass
class Company:
    """A company of its own, with a department file that can be edited."""

    settings: Settings

    @property
    def file(self) -> Path:
        return self.settings.department / "department.yaml"

    def edit(self, right: str, wrong: str) -> None:
        text = self.file.read_text(encoding="utf-8")
        assert right in text
        self.file.write_text(text.replace(right, wrong, 1), encoding="utf-8")

    async def start(self) -> dict[str, frozenset[Role]]:
        """Open it as every process does. Returns the roles of everybody who is active."""
        installation = await open_installation(self.settings)
        async with installation.database.transaction(self.settings.tenant) as tx:
            found = {person.id: person.roles for person in await people(tx) if person.active}
        await installation.close()
        return found

    @asynccontextmanager
    async def inside(self) -> AsyncIterator[AsyncSession]:
        """A transaction in its database."""
        database = Database.open(str(self.settings.database_url))
        async with database.transaction(self.settings.tenant) as tx:
            yield tx
        await database.close()

    async def leave_compliance_to(self, person: str) -> None:
        """Take the role from everybody else."""
        row = PersonRoleRow
        async with self.inside() as tx:
            await tx.execute(delete(row).where(row.role == Role.COMPLIANCE_OFFICER.value, row.person != person))

    async def leave_directing_to_nobody_else(self) -> None:
        """Leave one director alone."""
        row = PersonRoleRow
        async with self.inside() as tx:
            await tx.execute(
                delete(row).where(row.role == Role.ENGINEERING_DIRECTOR.value, row.person != "amanda")
            )

    async def doctor(self) -> list[tuple[str, str]]:
        installation = Installation(self.settings, locate(self.settings))
        found = [(each.state, each.says) async for each in examine_department(installation)]
        await installation.close()
        return found


@pytest.fixture
def company(server: EmbeddedServer, tmp_path: Path) -> Company:
    shutil.copytree(ACME, tmp_path / "company")
    made = Company(
        Settings(
            _env_file=None,
            database_url=server.app_url,
            database_owner_url=server.owner_url,
            var_folder=tmp_path / "var",
            tenant=f"t{uuid.uuid4().hex[:10]}",
            department=tmp_path / "company",
        )
    )
    made.edit("sample: true", "sample: false")
    return made


async def test_somebody_new_comes_in_without_a_role(company: Company) -> None:
    before = await company.start()
    company.edit("people:\n", "people:\n" + NEW)
    told = await company.doctor()
    assert ("advice", "the file was changed; the next start takes it over") in told
    after = await company.start()
    assert after == before | {"noor": frozenset()}
    told = await company.doctor()
    assert "the file was changed; the next start takes it over" not in [says for _, says in told]
    assert [says for state, says in told if says.startswith("not as in the file: Noor Haddad;")]


async def test_where_an_approval_is_left_to_nobody_nothing_of_the_file_is_taken_over(company: Company) -> None:
    await company.start()
    await company.leave_compliance_to("carlos")
    company.edit("  - id: carlos\n", "  - id: carlos\n    active: false\n")
    company.edit("    deputy: carlos\n", "")
    for _ in range(2):
        company.edit("carlos, yusuf", "yusuf")
    company.edit("name: Northwind Rivers", "name: Northwind")
    assert any(state == "wrong" and "nobody could approve it" in says for state, says in await company.doctor())
    with pytest.raises(DepartmentRefused) as refused:
        await company.start()
    assert any("compliance officer" in problem for problem in refused.value.problems)
    async with company.inside() as tx:
        assert (await read_department(tx)).name == "Northwind Rivers"


async def test_what_nobody_could_approve_before_holds_no_start_up(company: Company) -> None:
    before = await company.start()
    await company.leave_directing_to_nobody_else()
    company.edit("name: Northwind Rivers", "name: Northwind")
    told = await company.doctor()
    assert not any(state == "wrong" for state, _ in told)
    advice = [says for state, says in told if state == "advice"]
    assert any(says.startswith("Nobody could approve what Amanda") for says in advice)
    assert (await company.start()).keys() == before.keys()


async def test_while_nobody_can_change_roles_in_chat_they_are_the_files(company: Company) -> None:
    company.file.write_text(TWO, encoding="utf-8")
    assert await company.start() == {"ann-test": {Role.PRODUCT_OWNER}, "ben-test": {Role.ENGINEERING_DIRECTOR}}
    company.edit("people:\n", "people:\n" + CEM)
    assert any("Two Lamps, 3 people" in says for _, says in await company.doctor())
    after = await company.start()
    assert after["cem-test"] == {Role.COMPLIANCE_OFFICER, Role.SRE_LEAD}
    company.edit("roles: product owner", "roles: [product owner, director]")
    assert (await company.start())["ann-test"] == {Role.PRODUCT_OWNER}  # now two people can, and only they
    assert any(says.startswith("not as in the file: Ann Test;") for _, says in await company.doctor())


async def test_an_address_that_the_file_does_not_change_is_named(company: Company) -> None:
    await company.start()
    async with company.inside() as tx:
        tx.add(IdentityRow(identity="slack:T0ACME/UAMANDA", person="amanda"))
    company.edit("email: amanda@example.com", "email: a.chen@example.com")
    await company.start()
    (told,) = [says for state, says in await company.doctor() if state == "advice"]
    assert told.startswith("not as in the file: Amanda")


async def test_the_roles_that_count_are_those_that_are_held_by_now(company: Company) -> None:
    before = await company.start()
    text = company.file.read_text(encoding="utf-8")
    company.file.write_text(text.replace("compliance_officer", "engineer"), encoding="utf-8")
    assert not any(state == "wrong" for state, _ in await company.doctor())
    assert await company.start() == before


async def test_another_department_needs_another_tenant(company: Company) -> None:
    await company.start()
    company.edit("id: acme", "id: zenith")
    assert any(state == "wrong" and "set another TENANT" in says for state, says in await company.doctor())
    with pytest.raises(AnotherDepartment):
        await company.start()
