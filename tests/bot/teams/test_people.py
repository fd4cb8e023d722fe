"""Who speaks in Teams: linked by an address that the tenant vouches for, unlinked when the account closes."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from bot.platforms.adapter import PlatformAway
from governance.places import Audience, Place
from tests.office import TeamsOffice

LINKED = "SELECT person FROM identities WHERE identity = :identity"
STANDING = "SELECT standing FROM platform_users WHERE identity = :identity"


def _identity(office: TeamsOffice, name: str) -> str:
    return f"teams:{office.teams.world.tenant}/{office.person(name).human.id}"


async def _meet(office: TeamsOffice, identity: str, name: str) -> list[Any]:
    """Introduce somebody who speaks in their chat. Returns whom they are, and their standing."""
    await office.person(name).says("/whoami")
    place = Place("teams", office.person(name).chat.id, "main", Audience.DIRECT)
    async with office.installation.database.statements(office.tenant) as tx:
        await office.installation.adapters["teams"].introduce(tx, identity, place)
    linked = [row.person for row in await office.rows(LINKED, identity=identity)]
    return linked + [row.standing for row in await office.rows(STANDING, identity=identity)]


async def _time_passes(office: TeamsOffice, identity: str, hours: int) -> None:
    async with office.installation.database.transaction(office.tenant) as tx:
        await tx.execute(
            text(
                "UPDATE platform_users SET checked = checked - make_interval(hours => :h) WHERE identity = :i"
            ),
            {"h": hours, "i": identity},
        )


async def test_a_member_is_linked_by_their_address_and_it_is_on_record(empty_office: TeamsOffice) -> None:
    identity = _identity(empty_office, "priya")
    assert await _meet(empty_office, identity, "priya") == ["priya", "member"]
    recorded = await empty_office.rows(
        "SELECT 1 FROM audit_entries WHERE type = 'access.identity_linked'"
        " AND subject = (SELECT log_name FROM people WHERE id = 'priya')"
    )
    assert len(recorded) == 1


async def test_a_principal_name_will_do_where_mail_goes_by_another(empty_office: TeamsOffice) -> None:
    human = empty_office.teams.world.add_person("sarah2", "Sarah", "sarah@example.com")
    identity = _identity(empty_office, "sarah2")
    user = human.as_user() | {"mail": "sarah.o@other.example"}
    human.as_user = lambda: user  # type: ignore[method-assign]
    assert await _meet(empty_office, identity, "sarah2") == ["sarah", "member"]


async def test_guests_are_never_linked_whatever_their_address(empty_office: TeamsOffice) -> None:
    world = empty_office.teams.world
    world.add_person("guest", "Mike", "mike@example.com", is_guest=True)
    assert await _meet(empty_office, _identity(empty_office, "guest"), "guest") == ["guest"]


async def test_people_of_other_companies_are_nobody(empty_office: TeamsOffice) -> None:
    world = empty_office.teams.world
    world.add_person("foreign", "Mike", "mike@example.com", tenant="00000000-0000-4000-8000-000000000000")
    assert await _meet(empty_office, _identity(empty_office, "foreign"), "foreign") == ["gone"]


async def test_without_an_object_id_nobody_is_anybody(empty_office: TeamsOffice) -> None:
    tenant = empty_office.teams.world.tenant
    assert await _meet(empty_office, f"teams:{tenant}/29:david", "david") == ["stranger"]
    assert await _meet(empty_office, f"teams:{tenant}/28:other-bot", "david") == ["bot"]


async def test_a_closed_account_is_unlinked_after_a_day_and_it_is_on_record(empty_office: TeamsOffice) -> None:
    identity = _identity(empty_office, "agnes")
    assert await _meet(empty_office, identity, "agnes") == ["agnes", "member"]
    empty_office.person("agnes").human.is_enabled = False
    asked = empty_office.teams.faults.count("graph")
    assert await _meet(empty_office, identity, "agnes") == ["agnes", "member"]
    assert empty_office.teams.faults.count("graph") == asked, "what was said is believed for a day"
    await _time_passes(empty_office, identity, hours=25)
    assert await _meet(empty_office, identity, "agnes") == ["gone"]
    recorded = await empty_office.rows(
        "SELECT 1 FROM audit_entries WHERE type = 'access.identity_gone'"
        " AND subject = (SELECT log_name FROM people WHERE id = 'agnes')"
    )
    assert len(recorded) == 1


async def test_without_graphs_permission_the_connector_is_asked(empty_office: TeamsOffice) -> None:
    empty_office.teams.graph.forbidden.add("users")
    try:
        identity = _identity(empty_office, "tom")
        assert await _meet(empty_office, identity, "tom") == ["tom", "member"]
        guest = empty_office.teams.world.add_person("guest2", "Mike", "mike@example.com", is_guest=True)
        assert await _meet(empty_office, _identity(empty_office, guest.name), guest.name) == ["guest"]
        empty_office.person("tom").chat.members.remove("tom")
        await _time_passes(empty_office, identity, hours=25)
        assert await _meet(empty_office, identity, "tom") == ["gone"]
    finally:
        empty_office.teams.graph.forbidden.clear()


async def test_while_nobody_can_be_asked_the_turn_waits_and_is_then_answered(own_office: TeamsOffice) -> None:
    own_office.teams.faults.add("graph", 503, times=2)
    said = await own_office.person("david").says("/whoami")
    answer = await own_office.answered(said)
    assert "David" in answer.all_text, "the second or third try found out who asks"


async def test_while_entra_refuses_us_the_turn_waits_and_is_then_answered(own_office: TeamsOffice) -> None:
    own_office.teams.faults.add(
        "token", 401, code="invalid_client", says='{"error": "invalid_client"}', times=2
    )
    own_office.teams.graph.forbidden.add("users")
    said = await own_office.person("david").says("/whoami")
    answer = await own_office.answered(said)
    assert "David" in answer.all_text, "an administrator put the secret right, and nothing was lost"


@pytest.mark.parametrize("page", ["<html>Sign in</html>", "[]", "null"])
async def test_a_page_in_place_of_an_answer_says_nothing_of_anybody(
    empty_office: TeamsOffice, page: str
) -> None:
    teams = empty_office.teams
    human = teams.world.add_person(f"paged{page[1]}", "Sarah", "sarah@example.com")
    identity = _identity(empty_office, human.name)
    teams.faults.add("graph", 200, says=page)
    with pytest.raises(PlatformAway):
        await _meet(empty_office, identity, human.name)
    teams.graph.forbidden.add("users")
    try:
        teams.faults.add("members", 200, says=page)
        with pytest.raises(PlatformAway):
            await _meet(empty_office, identity, human.name)
        assert await _meet(empty_office, identity, human.name) == ["sarah", "member"]
    finally:
        teams.graph.forbidden.clear()
