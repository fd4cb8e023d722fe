"""Who somebody on a platform is: linked by a verified address, unlinked when they go, never against people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.platforms import people
from bot.platforms.people import Profile
from governance.audit.entries import Part
from governance.audit.erasure import forget
from governance.audit.log_names import log_names
from governance.audit.search import Query, find
from governance.department_file import read_department
from governance.department_rows import open_department
from governance.directory import person_by_identity
from governance.people import Actor
from storage.database import Database
from tests.books import TAMPERED

ACME = Path(__file__).resolve().parents[3] / "examples" / "acme"
NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


@pytest.fixture
async def department(database: Database, tenant: str) -> dict[str, str]:
    """The sample department; everybody's address by their id."""
    file = read_department(ACME / "department.yaml")
    async with database.transaction(tenant) as tx:
        await open_department(tx, file)
    return {person.id: person.email for person in file.people}


def _david(department: dict[str, str], **changes: object) -> Profile:
    profile = Profile("slack:T1/UDAVID", "David", "member", department["david"].upper())
    return replace(profile, **changes)  # type: ignore[arg-type]


async def _speaks_as(database: Database, tenant: str, *profiles: Profile) -> str | None:
    async with database.transaction(tenant) as tx:
        for profile in profiles:
            await people.take_note_of(tx, profile, NOW)
        person = await person_by_identity(tx, profiles[-1].identity)
    return person.id if person else None


async def test_a_verified_address_links_whatever_its_case(
    database: Database, tenant: str, department: dict[str, str]
) -> None:
    assert await _speaks_as(database, tenant, _david(department)) == "david"
    async with database.transaction(tenant) as tx:
        called = (await log_names(tx, ["david"]))["david"]
        (entry,) = await find(tx, Query(subject=called), limit=10, opened=True)
        assert entry.content["type"] == "access.identity_linked"
        assert entry.part(Part.DETAILS)["email"] == department["david"].upper()


async def test_what_was_noted_of_somebody_s_address_is_forgotten_with_them(
    database: Database, tenant: str, department: dict[str, str]
) -> None:
    await _speaks_as(database, tenant, _david(department))
    async with database.transaction(tenant) as tx:
        called = (await log_names(tx, ["david"]))["david"]
        await tx.execute(text("DELETE FROM person_roles WHERE person = 'david'"))
        await forget(tx, "david", Actor("person", "operator", identity="os:root"), "asked for it")
        forgotten, erased, linked = await find(tx, Query(subject=called), limit=10, opened=True)
        assert erased.content["erases"] == {linked.id: ["details"]}
        assert (linked.content["type"], linked.part(Part.DETAILS)) == ("access.identity_linked", None)
        assert (forgotten.content["type"], forgotten.part(Part.DETAILS)) == ("audit.forgotten", {"entries": 0})


@pytest.mark.parametrize("standing", ["guest", "stranger", "bot", "gone"])
async def test_nobody_but_a_member_is_linked(
    database: Database, tenant: str, department: dict[str, str], standing: str
) -> None:
    assert await _speaks_as(database, tenant, _david(department, standing=standing)) is None


async def test_without_a_verified_address_nobody_is_linked(
    database: Database, tenant: str, department: dict[str, str]
) -> None:
    assert await _speaks_as(database, tenant, _david(department, email=None)) is None
    assert await _speaks_as(database, tenant, _david(department, email="nobody@example.com")) is None


@pytest.mark.parametrize("standing", ["stranger", "bot", "gone"])
async def test_who_is_gone_or_foreign_speaks_as_nobody_any_more(
    database: Database, tenant: str, department: dict[str, str], standing: str
) -> None:
    gone = _david(department, standing=standing)
    assert await _speaks_as(database, tenant, _david(department), gone) is None


async def test_an_address_does_not_overrule_people_who_unlinked(
    database: Database, tenant: str, department: dict[str, str]
) -> None:
    TAMPERED.add(tenant)
    async with database.transaction(tenant) as tx:
        await tx.execute(
            text(
                "INSERT INTO effects (id, action_type, decision_type, body, digest, actor, process, cost,"
                " state, ruling, created) VALUES ('ef_1', 'governance.unlink_identity', 'identity_link',"
                " CAST(:body AS jsonb), 'd', '{}', 'p', 0, 'done', '{}', now())"
            ),
            {"body": '{"identity": "slack:T1/UDAVID"}'},
        )
    assert await _speaks_as(database, tenant, _david(department)) is None


async def test_the_linked_are_believed_for_a_day_and_the_unlinked_for_minutes(
    database: Database, tenant: str, department: dict[str, str]
) -> None:
    stranger = Profile("slack:T1/UX", "X", "member")
    await _speaks_as(database, tenant, _david(department), stranger)
    async with database.transaction(tenant) as tx:
        for identity, hours, known in (
            ("slack:T1/UDAVID", 23, True),
            ("slack:T1/UDAVID", 25, False),
            ("slack:T1/UX", 0, True),
            ("slack:T1/UX", 1, False),
            ("slack:T1/UNEW", 0, False),
        ):
            later = NOW + timedelta(hours=hours)
            assert await people.is_known(tx, identity, later) is known, (identity, hours)
