"""A changed department file is taken over, all but roles, and the log says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import delete, select

from governance.audit.log_names import log_names
from governance.audit.search import entry
from governance.audit.tables import EntryRow
from governance.department import Department
from governance.department_file import read_department as read_file
from governance.department_renewal import (
    AnotherDepartment,
    Renewal,
    renew_department,
    settled_addresses,
    with_roles,
)
from governance.department_rows import open_department, read_department
from governance.directory import people, person_by_identity
from governance.people import Person, Role
from governance.tables import IdentityRow, PersonRoleRow, PersonRow
from storage.database import Database
from tests.governance.house import ACME


class Renewing:
    """The sample department of a tenant, and its file as it is edited."""

    def __init__(self, database: Database, tenant: str) -> None:
        self.database, self.tenant = database, tenant
        self.body: dict[str, Any] = json.loads(read_file(ACME).model_dump_json())

    @property
    def file(self) -> Department:
        return Department.model_validate_json(json.dumps(self.body))

    def entry(self, person: str) -> dict[str, Any]:
        (found,) = [each for each in self.body["people"] if each["id"] == person]
        entry: dict[str, Any] = found
        return entry

    async def renew(self) -> Renewal | None:
        async with self.database.transaction(self.tenant) as tx:
            return await renew_department(tx, self.file)

    async def everybody(self) -> dict[str, Person]:
        async with self.database.transaction(self.tenant) as tx:
            return {person.id: person for person in await people(tx)}

    async def recorded(self) -> list[EntryRow]:
        async with self.database.transaction(self.tenant) as tx:
            query = select(EntryRow).where(EntryRow.type == "department.renewed").order_by(EntryRow.at)
            return list((await tx.execute(query)).scalars())


@pytest.fixture
async def renewing(database: Database, tenant: str) -> Renewing:
    made = Renewing(database, tenant)
    async with database.transaction(tenant) as tx:
        assert await open_department(tx, made.file)
    return made


async def test_a_file_that_is_as_it_was_changes_nothing(renewing: Renewing) -> None:
    assert await renewing.renew() is None
    assert await renewing.recorded() == []


async def test_roles_are_the_files_while_nobody_could_change_them(renewing: Renewing) -> None:
    async with renewing.database.transaction(renewing.tenant) as tx:
        await tx.execute(delete(PersonRoleRow).where(PersonRoleRow.role == Role.COMPLIANCE_OFFICER.value))
    renewing.entry("david").update(name="David Lind")
    renewal = await renewing.renew()
    assert renewal is not None
    assert renewal.given == ("carlos", "yusuf")
    assert (await renewing.everybody())["carlos"].roles == {Role.COMPLIANCE_OFFICER}
    renewing.entry("david").update(roles=["executive"])
    renewal = await renewing.renew()
    assert renewal is not None
    assert renewal.given == ()
    assert Role.EXECUTIVE not in (await renewing.everybody())["david"].roles
    assert len(await renewing.recorded()) == 2


async def test_what_stands_in_the_file_is_taken_over_at_once(renewing: Renewing) -> None:
    await renewing.everybody()
    renewing.entry("david").update(name="David Lind", email="david.lind@example.com")
    renewing.body["channels"].append({"name": "roadmap", "audience": "department", "purpose": "What comes"})
    renewing.body["account_owners"]["acme-corp"] = "elena"
    renewal = await renewing.renew()
    assert renewal == Renewal(("account_owners", "channels", "people"), (), (), (), ("david",))
    everybody = await renewing.everybody()
    assert everybody["david"].name == "David Lind"
    assert "acme-corp" in everybody["elena"].accounts
    assert "acme-corp" not in everybody["rachel"].accounts
    async with renewing.database.transaction(renewing.tenant) as tx:
        assert (await read_department(tx)).audience_of("roadmap").value == "department"
        email = (await tx.execute(select(PersonRow.email).where(PersonRow.id == "david"))).scalar()
    assert email == "david.lind@example.com"


async def test_nobody_gets_a_role_by_the_file(renewing: Renewing) -> None:
    before = {id: person.roles for id, person in (await renewing.everybody()).items()}
    renewing.entry("rachel")["roles"] = ["engineering_director", "compliance_officer"]
    renewing.entry("amanda")["roles"] = ["engineer"]
    renewing.body["people"].append(
        {**renewing.entry("rachel"), "id": "mallory", "name": "Mallory Quist", "email": "mallory@example.com"}
        | {"roles": ["engineering_director"], "identities": ["slack:T0ACME/UMALLORY"], "deputy": None}
    )
    renewal = await renewing.renew()
    assert renewal is not None
    assert renewal.added == ("mallory",)
    after = await renewing.everybody()
    assert {id: person.roles for id, person in after.items()} == before | {"mallory": frozenset()}
    async with renewing.database.transaction(renewing.tenant) as tx:
        known = await person_by_identity(tx, "slack:T0ACME/UMALLORY")
    assert known is not None
    assert known.id == "mallory"


async def test_the_identities_of_who_was_there_are_not_the_files(renewing: Renewing) -> None:
    renewing.entry("amanda")["identities"] = ["slack:T0ACME/URACHEL2"]
    await renewing.renew()
    async with renewing.database.transaction(renewing.tenant) as tx:
        assert await person_by_identity(tx, "slack:T0ACME/URACHEL2") is None


async def test_nobody_is_taken_for_a_role_holder_by_an_address_in_the_file(renewing: Renewing) -> None:
    async with renewing.database.transaction(renewing.tenant) as tx:
        tx.add(IdentityRow(identity="slack:T0ACME/UAMANDA", person="amanda"))
    renewing.entry("amanda")["email"] = "mallory@example.com"
    renewing.entry("carlos")["email"] = "carlos.b@example.com"
    renewal = await renewing.renew()
    assert renewal is not None
    assert renewal.readdressed == ("carlos",), "whom nobody has met in chat"
    async with renewing.database.transaction(renewing.tenant) as tx:
        query = select(PersonRow.email).where(PersonRow.id.in_(["amanda", "carlos"])).order_by(PersonRow.id)
        assert (await tx.execute(query)).scalars().all() == ["amanda@example.com", "carlos.b@example.com"]
        assert await settled_addresses(tx) == {"amanda": "amanda@example.com"}


async def test_who_stands_in_it_no_more_has_left_and_may_come_back(renewing: Renewing) -> None:
    priya = renewing.entry("priya")
    for other in renewing.body["people"]:
        other["deputy"] = None if other.get("deputy") == "priya" else other.get("deputy")
    for team in renewing.body["teams"]:
        team["lead"] = "david" if team["lead"] == "priya" else team["lead"]
    for channel in renewing.body["channels"]:
        channel["members"] = [member for member in channel["members"] if member != "priya"]
    renewing.body["people"].remove(priya)
    renewal = await renewing.renew()
    assert renewal is not None
    assert (renewal.left, renewal.returned) == (("priya",), ())
    assert not (await renewing.everybody())["priya"].active
    roles = (await renewing.everybody())["priya"].roles
    renewing.body["people"].append(priya)
    renewal = await renewing.renew()
    assert renewal is not None
    assert renewal.returned == ("priya",)
    assert (await renewing.everybody())["priya"].roles == roles


async def test_the_log_says_what_changed_and_names_nobody(renewing: Renewing) -> None:
    renewing.entry("priya")["active"] = False
    await renewing.renew()
    (row,) = await renewing.recorded()
    assert row.actor == "start"
    async with renewing.database.transaction(renewing.tenant) as tx:
        found = await entry(tx, row.id, opened=True)
        (called,) = (await log_names(tx, ["priya"])).values()
    assert found is not None
    assert called in str(found)
    assert "priya" not in str(found)


async def test_another_department_is_refused(renewing: Renewing) -> None:
    renewing.body["id"] = "other"
    with pytest.raises(AnotherDepartment, match="set another TENANT"):
        await renewing.renew()
    assert await renewing.recorded() == []


def test_roles_are_those_that_are_held() -> None:
    held = {"david": frozenset({Role.ARCHITECT})}
    found = {person.id: person.roles for person in with_roles(read_file(ACME), "t", held)}
    assert found["david"] == {Role.ARCHITECT}
    assert not any(roles for id, roles in found.items() if id != "david")


def test_a_department_is_written_alike_in_every_process() -> None:
    program = (
        "from pathlib import Path;from governance.department_file import read_department as read;"
        f"from governance.department_rows import digest_of;department = read(Path({str(ACME)!r}));"
        "people = [one.model_copy(update={'roles': frozenset(type(next(iter(one.roles))))})"
        " for one in department.people];"
        "print(digest_of(department.model_copy(update={'people': tuple(people)}).model_dump(mode='json')))"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert len(seen) == 1
